"""The page cache in front of Django answers what is in memory, and nothing else."""

import gzip
import io
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from posts import front
from posts.last_change import Change
from posts.page_cache import PageCache, shelf
from tests.posts.test_page_cache import request_for

BODY = b"page " * 1000
KNOWN = Change("7")


class Answer:
    """What a server would send."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.asked_django = False
        self.body = b"".join(front.Front(self.django)(environ, self.start))

    def django(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        self.asked_django = True
        return [b"django"]

    def start(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """/d/speech/ is in memory, made for the change that is the last one."""
    monkeypatch.setattr("posts.page_cache.last_change", lambda: KNOWN)
    monkeypatch.setattr("posts.front.known_change", lambda: KNOWN)

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(BODY)

    PageCache(view)(request_for("/d/speech/"))
    assert len(shelf._pages) == 1


def asked(path: str = "/d/speech/", **headers: str) -> dict[str, Any]:
    return request_for(path).META | headers | {"wsgi.input": io.BytesIO()}


def test_what_is_in_memory_is_answered_without_django() -> None:
    answer = Answer(asked())
    assert (answer.status, answer.body, answer.asked_django) == ("200 OK", BODY, False)
    assert answer.headers["ETag"].startswith('W/"')
    assert answer.headers["Content-Length"] == str(len(BODY))


def test_it_is_zipped_for_those_who_can_read_it() -> None:
    answer = Answer(asked(HTTP_ACCEPT_ENCODING="gzip"))
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == BODY


@pytest.mark.parametrize(
    "environ",
    [
        {"PATH_INFO": "/d/other/"},
        {"QUERY_STRING": "since=2026-01-01"},
        {"REQUEST_METHOD": "POST"},
        {"REQUEST_METHOD": "HEAD"},
        {"HTTP_COOKIE": "theme=dark; sessionid=abc"},
        {"HTTP_IF_NONE_MATCH": '"x"'},
        {"HTTP_IF_MODIFIED_SINCE": "Wed, 28 Jan 2026 00:00:00 GMT"},
        {"HTTP_HOST": "evil.example"},
        {"wsgi.url_scheme": "https"},
    ],
)
def test_all_else_is_djangos(environ: dict[str, str]) -> None:
    assert Answer(asked(**environ)).asked_django


def test_a_change_makes_what_is_in_memory_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.front.known_change", lambda: Change("8"))
    assert Answer(asked()).asked_django


def test_what_is_not_known_is_asked_of_django(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.front.known_change", lambda: None)
    assert Answer(asked()).asked_django
