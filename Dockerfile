# One image for web, worker and commands; what differs is the command (see compose.yaml).
FROM python:3.11-slim-bookworm

# pg_dump and pg_restore for `manage.py backup` and `restore`.
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 digest

WORKDIR /srv/digest
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN SECRET_KEY=build python manage.py collectstatic --noinput --verbosity 0 \
 && mkdir -p data && chown -R digest:digest data
USER digest
VOLUME /srv/digest/data
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Exec form: signals reach the supervisor itself, which winds web and worker down in order.
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0"]
