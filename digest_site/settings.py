"""Every setting, and the only reader of the environment (see .env.example for each variable)."""

import datetime as dt
import logging
import os
import re
import sys
from decimal import Decimal
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from digest_site.database import database_of
from digest_site.secret_key import kept_secret

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = BASE_DIR / "data"
try:
    DATA_DIR.mkdir(exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"没有 data/ 目录，也建不了：{error}") from error

environ.Env.read_env(BASE_DIR / ".env")


def env(name: str, default: str = "") -> str:
    """The value of a variable, or the content of the file that NAME_FILE names."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE 读不了：{error}") from error
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: str = "no") -> bool:
    value = env(name, default).lower()
    if value not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ImproperlyConfigured(f"{name} 应为 yes 或 no，而不是 {value!r}")
    return value in ("1", "true", "yes", "on")


def env_int(name: str, default: int, least: int = 0, most: int = 10**9) -> int:
    value = env(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
        span = f"不小于 {least} 的整数" if most == 10**9 else f" {least} 到 {most} 的整数"
        raise ImproperlyConfigured(f"{name} 应为{span}，而不是 {value!r}")
    return int(value)


def env_seconds(name: str, default: str) -> float:
    value = env(name, default)
    if not re.fullmatch(r"\d+(\.\d+)?", value):
        raise ImproperlyConfigured(f"{name} 应为秒数，如 3 或 0.5，而不是 {value!r}")
    return float(value)


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = env(name, default).upper()
    if value not in choices:
        raise ImproperlyConfigured(f"{name} 应为 {'、'.join(choices)} 之一，而不是 {value!r}")
    return value


def env_address(name: str, default: str = "") -> str:
    """A whole http or https address; the error does not repeat it, since some are secret."""
    value = env(name, default)
    if value and not (re.match(r"https?://", value) and urlsplit(value).hostname):
        raise ImproperlyConfigured(f"{name} 应为以 http:// 或 https:// 开头的地址")
    return value


def env_header(name: str, default: str = "") -> str:
    """What is sent in an HTTP header; the error does not repeat it, since a key is secret."""
    value = env(name, default)
    if not (value.isascii() and value.isprintable()):
        raise ImproperlyConfigured(f"{name} 要写进 HTTP 头：只能是一行 ASCII 字符")
    return value


def env_hosts(name: str) -> list[str]:
    hosts = [host for host in re.split(r"[\s,]+", env(name)) if host]
    if wrong := [host for host in hosts if "/" in host]:
        raise ImproperlyConfigured(f"{name} 应为主机名，如 digest.example.org，而不是 {wrong[0]!r}")
    return hosts


def env_mailbox(name: str, default: str) -> str:
    value = env(name, default)
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", parseaddr(value)[1]):
        raise ImproperlyConfigured(f"{name} 应为邮箱，如 digest@example.org，而不是 {value!r}")
    return value


def env_decimal(name: str) -> Decimal | None:
    """A non-negative amount, or None for an empty variable: an unknown price is not zero."""
    value = env(name)
    if value and not re.fullmatch(r"\d+(\.\d+)?", value):
        raise ImproperlyConfigured(f"{name} 应为金额，如 1.50，而不是 {value!r}")
    return Decimal(value) if value else None


def env_instant(name: str) -> dt.datetime | None:
    value = env(name)
    if not value:
        return None
    try:
        instant = dt.datetime.fromisoformat(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} 应为 ISO 时刻，而不是 {value!r}") from error
    if instant.tzinfo is None:
        raise ImproperlyConfigured(f"{name} 要带时区，例如 {value}+00:00")
    return instant.astimezone(dt.UTC)


# Time. NOW holds the clock still for every process: rehearsals and tests.
NOW = env_instant("NOW")

# The site
DEBUG = env_bool("DEBUG")
try:
    SECRET_KEY = env("SECRET_KEY") or kept_secret(DATA_DIR / "secret_key")
except OSError as error:
    raise ImproperlyConfigured(f"没有设 SECRET_KEY，也不能存进文件：{error}") from error
PORT = env_int("PORT", 8000, least=1, most=65_535)
SITE_URL = env_address("SITE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
if urlsplit(SITE_URL).path:
    raise ImproperlyConfigured("SITE_URL 不能带路径：网站要有自己的主机名")
SITE_HOST = urlsplit(SITE_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = [*env_hosts("ALLOWED_HOSTS"), SITE_HOST, "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL.startswith("https://") else []

# arXiv. The addresses are whole up to the question mark; the delay is arXiv's rule for one operator.
ARXIV_API_URL = env_address("ARXIV_API_URL", "https://export.arxiv.org/api/query")
ARXIV_RSS_URL = env_address("ARXIV_RSS_URL", "https://rss.arxiv.org").rstrip("/")
ARXIV_OAI_URL = env_address("ARXIV_OAI_URL", "https://oaipmh.arxiv.org/oai")
ARXIV_SITE_URL = env_address("ARXIV_SITE_URL", "https://arxiv.org").rstrip("/")
ARXIV_CONTACT = env_header("ARXIV_CONTACT", SITE_URL)
ARXIV_DELAY_SECONDS = env_seconds("ARXIV_DELAY_SECONDS", "3")

# The model
OPENAI_ITSELF, OPENAI_SUGGESTED = "https://api.openai.com/v1", "gpt-5-mini"
OPENAI_API_KEY = env_header("OPENAI_API_KEY")
OPENAI_BASE_URL = env_address("OPENAI_BASE_URL", OPENAI_ITSELF)
OPENAI_MODEL = env("OPENAI_MODEL", OPENAI_SUGGESTED)
OPENAI_ANALYSIS_MODEL = env("OPENAI_ANALYSIS_MODEL", OPENAI_MODEL)
LLM_CONTEXT_TOKENS = env_int("LLM_CONTEXT_TOKENS", 120_000, least=1000)
LLM_DEADLINE_SECONDS = env_int("LLM_DEADLINE_SECONDS", 300, least=1)
LLM_CONCURRENCY = env_int("LLM_CONCURRENCY", 8, least=1)
# Prices per million tokens, in the currency of the budget.
LLM_PRICE_INPUT = env_decimal("LLM_PRICE_INPUT")
LLM_PRICE_OUTPUT = env_decimal("LLM_PRICE_OUTPUT")
LLM_DAILY_BUDGET = env_decimal("LLM_DAILY_BUDGET")

# Telling people
PING_URL = env_address("PING_URL")
NOTIFY_URLS = [url for url in re.split(r"[\s,]+", env("NOTIFY_URLS")) if url]
email_url = env("EMAIL_URL")
MAIL_ON = bool(email_url)
if email_url:
    try:
        vars().update(environ.Env.email_url_config(email_url))
    except (KeyError, ValueError, environ.ImproperlyConfigured):
        raise ImproperlyConfigured("EMAIL_URL 应写作 smtp+ssl://user:password@host:465") from None
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = env_mailbox("DEFAULT_FROM_EMAIL", f"arXiv 中文日报 <digest@{SITE_HOST}>")

INSTALLED_APPS = [
    "posts",
    "papers",
    "taggit",
    "axes",
    "django_q",
    "digest_site.admin_site.EditorialAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "posts.page_cache.PageCache",
    "django.middleware.security.SecurityMiddleware",
    "digest_site.headers.ContentPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "digest_site.urls"
WSGI_APPLICATION = "digest_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# SQLite under data/ unless DATABASE_URL names a server.
DATABASE_URL = env("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}")
try:
    DATABASES = {"default": database_of(DATABASE_URL)}
except (KeyError, ValueError, environ.ImproperlyConfigured):
    raise ImproperlyConfigured("DATABASE_URL 应写作 postgres://user:password@host:5432/name") from None
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Threads share a file as they will in earnest; a database in memory locks whole tables instead.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL")
if not re.match(r"$|rediss?://.|unix://.", REDIS_URL):
    raise ImproperlyConfigured("REDIS_URL 应写作 redis://:password@host:6379/0")
CACHES = {
    "default": {
        "BACKEND": "digest_site.cache.ForgivingRedis",
        "LOCATION": REDIS_URL,
        # What is remembered of one database must not be taken for another's.
        "KEY_PREFIX": f"digest:{DATABASES['default']['NAME']}",
        "OPTIONS": {"socket_connect_timeout": 3, "socket_timeout": 3},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "digest"}
}

# The queue only carries "look at the Job table"; each number is explained in docs/operations.md.
WORKERS = env_int("WORKERS", 2, least=1)
WEB_WORKERS = env_int("WEB_WORKERS", 2, least=1)
# What a killed process held is free again after LEASE_SECONDS; a cluster whose tasks leave no mark for
# WEDGED_SECONDS is started again.
LEASE_SECONDS = env_int("LEASE_SECONDS", 90, least=2)
WEDGED_SECONDS = env_int("WEDGED_SECONDS", 300, least=5)
# A task takes up new work for so long at most, and then ends what it began: a call and its repair.
SUMMARIZE_SECONDS = 150
TASK_SECONDS = SUMMARIZE_SECONDS + 2 * LLM_DEADLINE_SECONDS + 60
Q_CLUSTER = {
    "name": "digest",
    "label": "队列",
    "workers": WORKERS,
    "timeout": TASK_SECONDS,
    # A task's lease starts when it is fetched, not when it starts: (ceil((queue_limit + bulk) /
    # workers) + 1) rounds of timeout + 5 seconds.
    "retry": (-(-(WORKERS + 1) // WORKERS) + 1) * (TASK_SECONDS + 5),
    "queue_limit": WORKERS,
    "bulk": 1,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 200,
    # kB. A worker starts with 60 MB and has 105 after its first model call, SDK and all: a fresh one rests in its place.
    "max_rss": 90_000,
    "poll": 0.5,
    "log_level": "WARNING",
}
Q_CLUSTER |= {"redis": REDIS_URL} if REDIS_URL else {"orm": "default", "has_replica": False}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "digest_site.headers.client_address"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

TAGGIT_CASE_INSENSITIVE = True
TAGGIT_STRIP_UNICODE_WHEN_SLUGIFYING = False

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Hashed names need the manifest of `collectstatic`; without it a page is plain, and doctor says why.
COLLECTED = (STATIC_ROOT / "staticfiles.json").exists() and not DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if COLLECTED or "collectstatic" in sys.argv
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Safety. A site on https says so to browsers and keeps its cookies there.
SECURE = SITE_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^ledger\.json$"]  # asked from inside, where there is no TLS
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# What must never stand in a log, an error or on a page: keys, and addresses with a password in them.
SECRETS = [SECRET_KEY, OPENAI_API_KEY, PING_URL, *NOTIFY_URLS, DATABASE_URL, REDIS_URL, email_url]

LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "digest_site.logs.Line",
            "secrets": [secret for secret in SECRETS if secret],
            "as_json": env_bool("LOG_JSON"),
        },
    },
    "filters": {
        "answers": {"()": "digest_site.logs.NoAnswers"},
        "seldom": {"()": "digest_site.logs.Seldom", "seconds": 60.0},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        **{name: {"level": LOG_LEVEL, "propagate": True} for name in ("papers", "posts")},
        # Django's own handler would write past the formatter above.
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # An address that is not there is the business of whoever asked for it.
        "django.request": {"level": "ERROR", "filters": ["answers"]},
        "django-q": {"handlers": [], "level": "WARNING", "propagate": True, "filters": ["seldom"]},
        "digest_site.cache": {"filters": ["seldom"]},
        # So would gunicorn's. Its master loads these settings before there is anything to say (--preload).
        "gunicorn.error": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
# Python's warnings as well.
logging.captureWarnings(True)
