"""WSGI entry point for gunicorn and its like: the page cache in front of Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest_site.settings")

from posts.front import Front  # noqa: E402  needs to know the settings

application = Front(get_wsgi_application())
