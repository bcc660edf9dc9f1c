"""The page cache: the first middleware. An anonymous page is made once for each content generation.

The key carries the generation that every change of the public bumps in its own transaction, so a
publish is seen by the next request and nothing is ever purged. A hit costs one read by primary key
or less.
The cache lives in the process; the content hash in the ETag is the same in all of them. While the database is
away, what is in it is still given; all else is a 503 and one line in the log.
"""

import gzip
import hashlib
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers, get_conditional_response, patch_vary_headers
from django.utils.http import http_date, parse_http_date_safe

from digest_site.absence import Absence
from posts import validators
from posts.last_change import Change, last_change

# Browsers ask again after a minute, and after a quarter of an hour for feeds; caches between us within seconds.
CACHE_CONTROL = "public, max-age=60, s-maxage=5"
FEED_CACHE_CONTROL = "public, max-age=900, s-maxage=5"
# nginx obeys this one before Cache-Control: behind its cache a publish shows within seconds.
PROXY_SECONDS = "5"
MOST_ENTRIES = 2_000
MOST_BYTES = 64 * 1024 * 1024
# Pages that read the clock grow old even if nothing is published.
OLDEST_SECONDS = 600.0
PATIENCE_SECONDS = 30.0
WORTH_ZIPPING = 1_000
# When to come again, told to those whom we cannot serve without a database.
RETRY_SECONDS = "30"
ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
# Not pages: files, and what only people with a session have business with.
PASSED_THROUGH = (settings.STATIC_URL, "/admin/", "/healthz", "/ledger.json")
# The same for everyone, whoever is logged in; and so sure of their validators that a reader who has the
# newest already costs no more than the generation's row.
FEEDS = "/feeds"
# What browsers obey on pages only; every header costs a reader of feeds, and nginx, a little.
FOR_DOCUMENTS = frozenset(
    ["Permissions-Policy", "X-Frame-Options", "Cross-Origin-Opener-Policy", "Referrer-Policy"]
)
CONDITIONS = frozenset(
    ["HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"]
)

Key = tuple[str, ...]
GetResponse = Callable[[HttpRequest], HttpResponseBase]


@dataclass(frozen=True)
class Page:
    """A finished response as it is, and zipped where that helps; `changed` is the second of its generation."""

    plain: HttpResponse
    zipped: HttpResponse | None
    changed: int = 0
    made_at: float = field(default_factory=monotonic)

    @property
    def size(self) -> int:
        return len(self.plain.content) + (len(self.zipped.content) if self.zipped else 0)


class Shelf:
    """Pages in memory, the least recently used thrown away first; each page is made by one thread."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._making: dict[Key, threading.Event] = {}
        self._lock = threading.Lock()
        self._bytes = 0

    def take(self, key: Key, oldest: float = OLDEST_SECONDS) -> Page | None:
        with self._lock:
            page = self._pages.get(key)
            if page is None or monotonic() - page.made_at > oldest:
                return None
            self._pages.move_to_end(key)
            return page

    def put(self, key: Key, page: Page) -> None:
        with self._lock:
            old = self._pages.pop(key, None)
            self._bytes += page.size - (old.size if old else 0)
            self._pages[key] = page
            while len(self._pages) > MOST_ENTRIES or self._bytes > MOST_BYTES:
                self._bytes -= self._pages.popitem(last=False)[1].size

    def start(self, key: Key) -> threading.Event | None:
        """None for the thread that shall make the page; the others get what to wait for."""
        with self._lock:
            if key in self._making:
                return self._making[key]
            self._making[key] = threading.Event()
            return None

    def finish(self, key: Key) -> None:
        with self._lock:
            self._making.pop(key).set()

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()
            self._bytes = 0


shelf = Shelf()


class PageCache:
    """Answers anonymous GET and HEAD from memory; everything else passes through untouched."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.absence = Absence()
        self.last = Change()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _is_anonymous_read(request):
            return self.get_response(request)
        try:
            change = self.last = last_change()
        except (OperationalError, InterfaceError) as error:
            return self._without_database(request, error)
        self.absence.is_over()
        key = key_of(request.META, change)
        found = shelf.take(key) or self._miss(request, key, change)
        return _answer(request, found) if isinstance(found, Page) else found

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        self.absence.goes_on(error)
        return _come_again()

    def _without_database(self, request: HttpRequest, error: DatabaseError) -> HttpResponseBase:
        """What we have of before, however old: nobody can publish or withdraw while the database is away."""
        self.absence.goes_on(error)
        page = shelf.take(key_of(request.META, self.last), oldest=math.inf)
        return _answer(request, page) if page else _come_again()

    def _miss(self, request: HttpRequest, key: Key, change: Change) -> Page | HttpResponseBase:
        try:
            request.get_host()
        except DisallowedHost:
            return self.get_response(request)
        known = _unchanged(request, change) if request.path_info.startswith(FEEDS) else None
        return known or self._make(request, key, change)

    def _make(self, request: HttpRequest, key: Key, change: Change) -> Page | HttpResponseBase:
        waiting = shelf.start(key)
        if waiting is not None:
            waiting.wait(PATIENCE_SECONDS)
            return shelf.take(key) or self.get_response(request)
        try:
            return self._make_alone(request, key, change)
        finally:
            shelf.finish(key)

    def _make_alone(self, request: HttpRequest, key: Key, change: Change) -> Page | HttpResponseBase:
        asked_with, request.method = request.method, "GET"
        try:
            response = self.get_response(request)
        finally:
            request.method = asked_with
        if not _may_keep(response):
            return response
        page = _page(request, response, change)
        shelf.put(key, page)
        return page


def _come_again() -> HttpResponseBase:
    response = HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": RETRY_SECONDS})
    add_never_cache_headers(response)
    return response


def _is_anonymous_read(request: HttpRequest) -> bool:
    if request.method not in ("GET", "HEAD") or request.path_info.startswith(PASSED_THROUGH):
        return False
    if "HTTP_COOKIE" not in request.META or request.path_info.startswith(FEEDS):
        return True
    return settings.SESSION_COOKIE_NAME not in request.COOKIES


def key_of(meta: Mapping[str, Any], change: Change) -> Key:
    """As the server got it: what was once made under a key has had its host and address looked at."""
    name, _ = settings.SECURE_PROXY_SSL_HEADER or ("wsgi.url_scheme", "")
    asked = ("HTTP_HOST", "SERVER_PORT", "wsgi.url_scheme", name, "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
    return (change.number, *(meta.get(part, "") for part in asked))


def _unchanged(request: HttpRequest, change: Change) -> HttpResponseBase | None:
    """304 for a reader whose copy of a feed is of this generation, though this process has made none."""
    if "HTTP_IF_NONE_MATCH" in request.META:
        tag = validators.unchanged(request, change.number)
        return _not_modified({"ETag": tag}) if tag else None
    since = parse_http_date_safe(request.META.get("HTTP_IF_MODIFIED_SINCE", ""))
    return _not_modified({"Last-Modified": _modified(change)}) if since and since >= change.seconds else None


def _modified(change: Change) -> str:
    """Never ahead of the clock. Who comes back with such a moment is compared with the change's own second."""
    return http_date(min(change.seconds, int(time())))


def _not_modified(headers: dict[str, str]) -> HttpResponseBase:
    known = {"Cache-Control": FEED_CACHE_CONTROL, "X-Accel-Expires": PROXY_SECONDS, "Vary": "Accept-Encoding"}
    return HttpResponseNotModified(headers=known | {"Access-Control-Allow-Origin": "*"} | headers)


def _may_keep(response: HttpResponseBase) -> bool:
    policy = response.get("Cache-Control", "")
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and "no-store" not in policy
        and "private" not in policy
        and "cookie" not in response.get("Vary", "").lower()
        and "Content-Encoding" not in response
    )


def _page(request: HttpRequest, response: HttpResponse, change: Change) -> Page:
    """The response with the headers of a page that anyone may keep for a minute."""
    body = response.content
    patch_vary_headers(response, ["Accept-Encoding"])
    is_feed = request.path_info.startswith(FEEDS)
    headers = {
        "Cache-Control": CACHE_CONTROL,
        "X-Accel-Expires": PROXY_SECONDS,
        "Last-Modified": _modified(change),
        "ETag": validators.etag(change.number, request.get_full_path(), body)
        if is_feed
        else f'W/"{hashlib.sha256(body).hexdigest()[:24]}"',
    } | {name: value for name, value in response.items() if not (is_feed and name in FOR_DOCUMENTS)}
    plain = HttpResponse(body, headers=headers | {"Content-Length": str(len(body))})
    return Page(plain, _zipped(body, headers), change.seconds)


def _zipped(body: bytes, headers: dict[str, str]) -> HttpResponse | None:
    zipped = gzip.compress(body, compresslevel=6, mtime=0) if len(body) > WORTH_ZIPPING else body
    if len(zipped) >= len(body):
        return None
    also = {"Content-Length": str(len(zipped)), "Content-Encoding": "gzip"}
    return HttpResponse(zipped, headers=headers | also)


def _answer(request: HttpRequest, page: Page) -> HttpResponseBase:
    response = _again(kept_for(request.META, page))
    if request.method == "HEAD":
        response.content = b""
    return _conditional(request, response, page.changed) if CONDITIONS & request.META.keys() else response


def kept_for(meta: Mapping[str, Any], page: Page) -> HttpResponse:
    """The one of the page's responses that this client can read; it is shared, nobody may change it."""
    if page.zipped is None or not ACCEPTS_GZIP.search(meta.get("HTTP_ACCEPT_ENCODING", "")):
        return page.plain
    return page.zipped


def _again(kept: HttpResponse) -> HttpResponse:
    """A kept response for one more reader: copied as it stands, for a hit must cost next to nothing."""
    response = HttpResponse.__new__(HttpResponse)
    response.__dict__.update(kept.__dict__, _resource_closers=[])
    return response


def _conditional(request: HttpRequest, response: HttpResponse, changed: int) -> HttpResponseBase:
    etag = validators.same_content(request, response["ETag"])
    answer = get_conditional_response(request, etag, changed, response)
    if answer is response:
        return response
    answer.headers["ETag"] = etag
    if "Access-Control-Allow-Origin" in response.headers:
        answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
