"""The one door to arXiv: a GET that cannot hang, flood, wander off or pass an excuse for an answer.

Every single request, redirects included, happens inside ``with wait_turn():``; the caller's
implementation spaces them over all processes. https://info.arxiv.org/help/api/tou.html
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from papers.harvest.values import SourceError, State

MEGABYTE = 1_000_000
MAX_REDIRECTS = 5
_POOL = re.compile(r"^HTTPS?Connection(?:Pool)?\([^()]*\): ")
_REDIRECTS = {301, 302, 303, 307, 308}
_PORTS = {"http": 80, "https": 443}
_CHUNK = 65_536

WaitTurn = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Answer:
    """A complete answer that is neither throttled nor forbidden; other statuses are for the reader."""

    url: str
    status: int
    content_type: str
    body: bytes


class Wire:
    """GET for one configuration. Not for sharing between threads."""

    def __init__(
        self,
        *,
        hosts: set[tuple[str, int]],
        contact: str,
        wait_turn: WaitTurn,
        now: Callable[[], datetime],
        timeout: tuple[float, float],
        deadline: float,
    ) -> None:
        self._hosts = hosts
        self._wait_turn = wait_turn
        self._now = now
        self._timeout = timeout
        self._deadline = deadline
        self._session = _session(contact)

    def get(self, url: str, *, accept: str, cap: int) -> Answer:
        """Follow redirects among our hosts and return the last answer, at most `cap` bytes of it."""
        for _ in range(MAX_REDIRECTS + 1):
            answer, target = self._one(url, accept, cap)
            if target is None:
                return answer
            url = self._allowed(url, urljoin(url, target))
        raise SourceError("broken", f"more than {MAX_REDIRECTS} redirects, last to {url}")

    def _one(self, url: str, accept: str, cap: int) -> tuple[Answer, str | None]:
        with self._wait_turn(), _as_source_error(url), self._connection() as session:
            until = time.monotonic() + self._deadline
            with session.get(
                url, headers={"Accept": accept}, timeout=self._timeout, stream=True, allow_redirects=False
            ) as response:
                body = _body(response, cap, until)
            status, headers = response.status_code, response.headers
            target = headers.get("Location") if status in _REDIRECTS else None
            if target is None:
                # Still within the turn: whoever grants it learns that arXiv wants to be left alone.
                self._refuse_excuses(status, headers.get("Retry-After"), body)
        return Answer(url, status, headers.get("Content-Type", ""), body), target

    @contextmanager
    def _connection(self) -> Iterator[requests.Session]:
        """One connection for all processes together: none may stay open between turns.

        The header alone is not enough, a server may close without saying so and break the next request.
        """
        try:
            yield self._session
        finally:
            self._session.close()

    def _allowed(self, origin: str, target: str) -> str:
        parts = urlsplit(target)
        host = (parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))
        downgraded = urlsplit(origin).scheme == "https" and parts.scheme != "https"
        if host not in self._hosts or downgraded or parts.username:
            raise SourceError("forbidden", f"redirect from {origin} to {target}")
        return target

    def _refuse_excuses(self, status: int, retry_after: str | None, body: bytes) -> None:
        """Busy, refused or failing answers, whatever they are dressed as.

        Under load arXiv says "Rate exceeded." with 200 as well as with 429.
        """
        excuse = body[:200].strip().lower().startswith(b"rate exceeded")
        if excuse or status in (406, 429, 503):
            wait = seconds_to_wait(retry_after, self._now())
            raise SourceError("throttled", f"HTTP {status}", retry_after=wait, status=status)
        if status in (401, 403):
            raise SourceError("forbidden", f"HTTP {status}", status=status)
        if status >= 500:
            raise SourceError("unreachable", f"HTTP {status}", status=status)


def hosts_of(*addresses: str) -> set[tuple[str, int]]:
    """Host and port of each address; where one is on http's own port, https's is meant as well."""
    hosts = set()
    for address in addresses:
        parts = urlsplit(address)
        port = parts.port or _PORTS[parts.scheme]
        hosts.add((parts.hostname or "", port))
        if port in _PORTS.values():
            hosts |= {(parts.hostname or "", other) for other in _PORTS.values()}
    return hosts


def seconds_to_wait(retry_after: str | None, now: datetime) -> float | None:
    """Retry-After as seconds from `now`: a number or an HTTP date, never negative; None if unreadable."""
    if not retry_after:
        return None
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


class _Session(requests.Session):
    """Asks the environment for proxies and certificates once a host: each time costs as much as the request itself."""

    def __init__(self) -> None:
        super().__init__()
        self._environment: dict[tuple[str, str], Any] = {}
        for scheme in ("http://", "https://"):
            # There is one connection at a time.
            self.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1))

    def merge_environment_settings(self, url: str, *settings: Any) -> Any:
        scheme, host, *_ = urlsplit(url)
        if (scheme, host) not in self._environment:
            self._environment[scheme, host] = super().merge_environment_settings(url, *settings)
        return self._environment[scheme, host]


def _session(contact: str) -> requests.Session:
    session = _Session()
    session.headers["User-Agent"] = (
        f"arxiv-chinese-digest (+{contact})" if contact else "arxiv-chinese-digest"
    )
    session.headers["Connection"] = "close"
    # Keeps requests from looking for a password in ~/.netrc.
    session.auth = lambda request: request
    return session


def _body(response: requests.Response, cap: int, until: float) -> bytes:
    """Read what has arrived piece by piece, so that a trickle cannot outlast the deadline."""
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > cap:
        raise SourceError("too_large", f"{announced} bytes, more than {cap}", status=response.status_code)
    body = bytearray()
    while piece := response.raw.read1(_CHUNK, decode_content=True):
        body += piece
        if len(body) > cap:
            raise SourceError("too_large", f"more than {cap} bytes", status=response.status_code)
        if time.monotonic() > until:
            raise SourceError("unreachable", f"not finished in time, {len(body)} bytes came")
    return bytes(body)


@contextmanager
def _as_source_error(url: str) -> Iterator[None]:
    try:
        yield
    except (urllib3.exceptions.IncompleteRead, urllib3.exceptions.InvalidChunkLength) as error:
        raise SourceError("truncated", f"{url}: {error}") from error
    except urllib3.exceptions.DecodeError as error:
        raise SourceError("broken", f"{url}: {error}") from error
    except urllib3.exceptions.ProtocolError as error:
        # http.client's IncompleteRead (a chunked body cut short) arrives wrapped.
        state: State = "truncated" if "IncompleteRead" in repr(error) else "unreachable"
        raise SourceError(state, f"{url}: {_reason(error)}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise SourceError("unreachable", f"{url}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What went wrong, without the pools and connections that it went through."""
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    return _POOL.sub("", str(getattr(inner, "reason", None) or inner))
