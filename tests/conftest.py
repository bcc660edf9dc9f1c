"""What every test starts from: an empty cache, an e-mail box in memory, static files as they lie."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from posts.page_cache import shelf

# pytest-django lets no test near a database that asks for none of these.
DATABASE = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what can touch a database: the others need not run on a second one."""
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)


@pytest.fixture(autouse=True)
def plain_house(settings: pytest.FixtureRequest) -> Iterator[None]:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.SECURE_SSL_REDIRECT = False
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # logins are not what we test
    cache.clear()
    shelf.clear()
    yield
    cache.clear()
