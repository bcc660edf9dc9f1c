"""The page cache in front of Django: what is in memory is answered before a request is even made.

A cached page costs less here than Django's own way to a view that does nothing. Only the plainest reads
are answered: no condition, no session, and no question to the database; all else goes to Django, whose
first middleware is the same cache.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from posts.last_change import known_change
from posts.page_cache import CONDITIONS, kept_for, key_of, shelf

Start = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


class Front:
    """A WSGI application (PEP 3333) around Django's."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        kept = _kept(environ)
        if kept is None:
            return self.application(environ, start_response)
        start_response("200 OK", list(kept.items()))
        return [kept.content]


def _kept(environ: dict[str, Any]) -> HttpResponse | None:
    if environ["REQUEST_METHOD"] != "GET" or CONDITIONS & environ.keys():
        return None
    if settings.SESSION_COOKIE_NAME in environ.get("HTTP_COOKIE", ""):
        return None
    change = known_change()
    page = shelf.take(key_of(environ, change)) if change else None
    return kept_for(environ, page) if page else None
