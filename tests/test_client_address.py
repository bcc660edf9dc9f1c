"""Who asks: behind our own proxy everybody has the proxy's address, so it says whose it was."""

import pytest
from django.test import Client, RequestFactory

from digest_site.headers import client_address
from tests.base import make_user


@pytest.mark.parametrize(
    ("peer", "named", "address"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.3", "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("", "198.51.100.7", "198.51.100.7"),
        ("8.8.8.8", "198.51.100.7", "8.8.8.8"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_only_our_own_proxy_is_believed(peer: str, named: str, address: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=named)
    assert client_address(request) == address


@pytest.mark.django_db
def test_an_attacker_elsewhere_does_not_lock_the_editor_out(
    client: Client, settings: pytest.FixtureRequest
) -> None:
    make_user("yishen", is_superuser=True)

    def log_in(password: str, forwarded: str) -> int:
        form = {"username": "yishen", "password": password}
        return client.post("/admin/login/", form, headers={"X-Forwarded-For": forwarded}).status_code

    for number in range(settings.AXES_FAILURE_LIMIT):
        log_in("wrong", f"203.0.113.{number}, 198.51.100.7")
    assert log_in("correct horse", "198.51.100.7") == 429, "what the client claims before does not help it"
    assert log_in("correct horse", "192.0.2.44") == 302


@pytest.mark.django_db
def test_guessing_passwords_slows_down_that_user_only(
    client: Client, settings: pytest.FixtureRequest
) -> None:
    make_user("yishen", is_superuser=True)
    make_user("zhubian", is_superuser=True)

    def log_in(name: str, password: str) -> int:
        return client.post("/admin/login/", {"username": name, "password": password}).status_code

    answers = [log_in("yishen", f"wrong {number}") for number in range(settings.AXES_FAILURE_LIMIT)]
    assert answers[0] == 200
    assert log_in("yishen", "correct horse") == 429
    assert log_in("zhubian", "correct horse") == 302
