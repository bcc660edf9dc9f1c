"""The page cache: the first middleware. An anonymous page is made once for each content generation.

The key carries the generation that every change of the public bumps in its own transaction, so a
publish is seen by the next request and nothing is ever purged. A hit costs one read by primary key.
The cache lives in the process; the content hash in the ETag is the same in all of them.
"""

import gzip
import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, time

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import http_date, parse_http_date_safe

from papers.models import Generation

CACHE_CONTROL = "public, max-age=60, stale-while-revalidate=600"
# nginx obeys this one before Cache-Control: behind its cache a publish shows within seconds.
PROXY_SECONDS = "5"
MOST_ENTRIES = 2_000
MOST_BYTES = 64 * 1024 * 1024
# Pages that read the clock grow old even if nothing is published.
OLDEST_SECONDS = 600.0
PATIENCE_SECONDS = 30.0
WORTH_ZIPPING = 1_000
ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
# Not pages: files, and what only people with a session have business with.
PASSED_THROUGH = (settings.STATIC_URL, "/admin/", "/healthz")
# A new release may draw the same content differently: nobody's copy is older than this process.
STARTED_AT = int(time())

Key = tuple[str, ...]
GetResponse = Callable[[HttpRequest], HttpResponseBase]


@dataclass(frozen=True)
class Page:
    """A finished response, and its body zipped where that helps."""

    headers: dict[str, str]
    body: bytes
    zipped: bytes
    etag: str
    last_modified: int | None
    made_at: float = field(default_factory=monotonic)

    @property
    def size(self) -> int:
        return len(self.body) + len(self.zipped)


class Shelf:
    """Pages in memory, the least recently used thrown away first; each page is made by one thread."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._making: dict[Key, threading.Event] = {}
        self._lock = threading.Lock()
        self._bytes = 0

    def take(self, key: Key) -> Page | None:
        with self._lock:
            page = self._pages.get(key)
            if page is None or monotonic() - page.made_at > OLDEST_SECONDS:
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

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _is_anonymous_read(request):
            return self.get_response(request)
        try:
            host = request.get_host()
        except DisallowedHost:
            return self.get_response(request)
        key = (_generation(), request.scheme, host, request.get_full_path())
        found = shelf.take(key) or self._make(request, key)
        return _answer(request, found) if isinstance(found, Page) else found

    def _make(self, request: HttpRequest, key: Key) -> Page | HttpResponseBase:
        waiting = shelf.start(key)
        if waiting is not None:
            waiting.wait(PATIENCE_SECONDS)
            return shelf.take(key) or self.get_response(request)
        try:
            return self._make_alone(request, key)
        finally:
            shelf.finish(key)

    def _make_alone(self, request: HttpRequest, key: Key) -> Page | HttpResponseBase:
        asked_with, request.method = request.method, "GET"
        try:
            response = self.get_response(request)
        finally:
            request.method = asked_with
        if not _may_keep(response):
            return response
        page = _page(response)
        shelf.put(key, page)
        return page


def _is_anonymous_read(request: HttpRequest) -> bool:
    if request.method not in ("GET", "HEAD") or request.path_info.startswith(PASSED_THROUGH):
        return False
    return "HTTP_COOKIE" not in request.META or settings.SESSION_COOKIE_NAME not in request.COOKIES


def _generation() -> str:
    """The number of the last change of the public; one read by primary key, as cheap as one can be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM papers_generation WHERE id = 1")
        row = cursor.fetchone()
    return str(row[0]) if row else "0"


def _changed_at() -> int:
    moment = Generation.objects.filter(pk=1).values_list("changed_at", flat=True).first()
    return int(moment.timestamp()) if moment else 0


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


def _page(response: HttpResponse) -> Page:
    """The response with the headers of a page that anyone may keep for a minute."""
    body = response.content
    patch_vary_headers(response, ["Accept-Encoding"])
    headers = {
        "Cache-Control": CACHE_CONTROL,
        "X-Accel-Expires": PROXY_SECONDS,
        "Last-Modified": http_date(max(_changed_at(), STARTED_AT)),
        "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:24]}"',
    } | dict(response.items())
    headers.pop("Content-Length", None)
    modified = parse_http_date_safe(headers["Last-Modified"])
    return Page(headers, body, _zipped(body), headers["ETag"], modified)


def _zipped(body: bytes) -> bytes:
    zipped = gzip.compress(body, compresslevel=6, mtime=0) if len(body) > WORTH_ZIPPING else b""
    return zipped if len(zipped) < len(body) else b""


def _answer(request: HttpRequest, page: Page) -> HttpResponseBase:
    zipped = page.zipped and ACCEPTS_GZIP.search(request.META.get("HTTP_ACCEPT_ENCODING", ""))
    body = page.zipped if zipped else page.body
    response = HttpResponse(b"" if request.method == "HEAD" else body, headers=page.headers)
    response.headers["Content-Length"] = str(len(body))
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return get_conditional_response(request, page.etag, page.last_modified, response)
