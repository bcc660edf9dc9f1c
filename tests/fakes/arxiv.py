"""A loopback arXiv: every door that a daily ingest knocks at, and every way in which it fails. Standard library only.

    with FakeArxiv(world) as arxiv:
        client = Client(arxiv.api_url, arxiv.rss_url, arxiv.oai_url, arxiv.site_url)
        arxiv.fault("rate-429", times=2, path="/api/")
        ...
        assert arxiv.smallest_gap() >= 3 and not arxiv.unknown

Doors: /api/query, /rss/<cats>, /atom/<cats>, /oai, /list/<cat>/new, /catchup/<cat>/<date>, /abs/<id>,
/pdf/<id>, /html/<id>. What they say follows tests/fakes/arxiv_world.py at the world's `now`.

As a process:

    python -m tests.fakes.arxiv --port 0 --world sample|replay|year --now ISO --fault NAME

prints its base address as the first line. `POST /_control` moves it from outside (`tell` does it), JSON:
`now` (ISO instant, null for the machine's clock), `on` (list of names or {name, times, path, value}),
`off` (list of names, or "all"), `serialisation` ("2025" or "old"), `forget` (true: empties the log). The reply, and
`GET /_control`, is the state: now, on, fired, unknown, smallest_gap, most_at_once, requests.

Faults (a `path` restricts each further; several can be on at once):

    down                  the connection is reset before anything is read
    rate-429              429 "Rate exceeded.", no Retry-After
    rate-429-retry-after  the same with Retry-After (value: seconds, 5)
    rate-503              503 with Retry-After (5)
    rate-200              "Rate exceeded." with HTTP 200
    refuse-406            406, an empty body
    forbid-403            403, the page for robots that do not behave
    html-200              an HTML page with HTTP 200 instead of the answer
    empty-body            HTTP 200 and no body
    error-entry           the API's error feed with HTTP 200
    reset                 the connection is reset after the request was read
    hang                  no answer until the server closes (value: seconds, 60)
    slow                  the body comes in pieces (value: seconds in all, 2)
    cut-body              Content-Length of the whole, body of the half
    wrong-clock           Date header off (value: seconds, three days ahead)
    malformed-xml         the document stops in the middle, Content-Length fits
    two-feeds             two whole feeds one after the other
    api-empty             totalResults as it is, no entries
    api-lag               the index lags (value: hours after the announcement, 24)
    empty-page-2          no entries on any page after the first
    ignore-start          every page is the first
    stale-list            /list/<cat>/new still shows the batch before
    truncated-list        headings count all entries, the last third is not there
    list-missing-entries  a tenth of the entries (at least one) is missing and not counted either
    stale-rss             yesterday's entries and date with today's build date
    rss-missing-entries   a tenth of the items (at least one) is missing
    pdf-404 pdf-html pdf-truncated pdf-zero pdf-huge
                          not there yet; an HTML page with 200; half a file; nothing; more than 50 MB
    html-404 html-untitled
                          no HTML; the failed conversion "Untitled Document" with 200
"""

import argparse
import json
import socket
import struct
import sys
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from tests.fakes.arxiv_doors import Answer, Doors
from tests.fakes.arxiv_faults import FAULTS, Fault, Switchboard
from tests.fakes.arxiv_world import FakePaper, Version, World

__all__ = ["FAULTS", "FakeArxiv", "FakePaper", "Fault", "Seen", "Version", "World", "main", "tell"]

_RATE = b"Rate exceeded."
_PLAIN, _HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"
_SORRY = (
    b"<!DOCTYPE html><html><head><title>arXiv</title></head><body><h1>We will be back soon</h1></body></html>"
)
_ROBOTS = b"<html><head><title>Access Denied</title></head><body><h1>Access Denied</h1></body></html>"


@dataclass
class Seen:
    """One request: monotonic start and end (None while it runs), the target as sent, headers, status (0: no answer)."""

    started: float
    method: str
    path: str
    headers: Mapping[str, str]
    ended: float | None = None
    status: int = 0
    faults: tuple[str, ...] = ()


@dataclass
class Log:
    """All requests, in order of arrival."""

    requests: list[Seen] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def add(self, seen: Seen) -> Seen:
        with self.lock:
            self.requests.append(seen)
        return seen

    def smallest_gap(self) -> float:
        """Seconds between the starts of the two closest requests; infinite for fewer than two."""
        starts = sorted(seen.started for seen in self.requests)
        return min(
            (after - before for before, after in zip(starts, starts[1:], strict=False)), default=float("inf")
        )

    def most_at_once(self) -> int:
        """How many requests were under way at the same time."""
        moments = [(seen.started, 1) for seen in self.requests]
        moments += [(seen.ended, -1) for seen in self.requests if seen.ended is not None]
        most = now = 0
        for _, change in sorted(moments):
            now += change
            most = max(most, now)
        return most


class FakeArxiv:
    """The server, on 127.0.0.1. `serialisation` is the API's ("2025" or "old"); the limits are arXiv's page sizes."""

    def __init__(
        self,
        world: World,
        faults: Iterable[str | Fault] = (),
        port: int = 0,
        serialisation: str = "2025",
        api_limit: int = 2000,
        list_limit: int = 2000,
        oai_limit: int = 2000,
    ) -> None:
        self.world = world
        self.switchboard = Switchboard(faults)
        self.log = Log()
        self.closing = Event()
        self.doors = Doors(world, serialisation, api_limit, list_limit, oai_limit)
        self._server = _Server(("127.0.0.1", port), self)

    # Addresses, as the settings ARXIV_*_URL want them.

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/query"

    @property
    def rss_url(self) -> str:
        return self.base_url

    @property
    def oai_url(self) -> str:
        return f"{self.base_url}/oai"

    @property
    def site_url(self) -> str:
        return self.base_url

    # What happened.

    @property
    def requests(self) -> list[Seen]:
        return self.log.requests

    @property
    def unknown(self) -> list[str]:
        return self.log.unknown

    def smallest_gap(self) -> float:
        return self.log.smallest_gap()

    def most_at_once(self) -> int:
        return self.log.most_at_once()

    # What happens next.

    def fault(
        self, name: str, times: int | None = None, path: str | None = None, value: float | None = None
    ) -> None:
        """Switch a fault on; `times` requests long, on targets matching the regular expression `path`."""
        self.switchboard.switch_on(name, times, path, value)

    def clear(self, name: str | None = None) -> None:
        """Switch a fault off, or all."""
        self.switchboard.switch_off(name)

    @property
    def fired(self) -> Mapping[str, int]:
        """How often each fault really met a request."""
        return self.switchboard.fired

    def control(self, order: Mapping[str, Any]) -> None:
        """Obey one order of `POST /_control`."""
        if "now" in order:
            self.world.set_now(instant(order["now"]) if order["now"] else None)
        off = order.get("off", [])
        for name in [None] if off == "all" else off:
            self.clear(name)
        for fault in order.get("on", []):
            self.fault(**({"name": fault} if isinstance(fault, str) else fault))
        if order.get("serialisation"):
            self.doors.serialisation = order["serialisation"]
        if order.get("forget"):
            self.log.requests.clear()
            self.log.unknown.clear()

    def state(self) -> dict[str, Any]:
        """The reply of the control door."""
        gap = self.smallest_gap()
        return {
            "now": self.world.now().isoformat(),
            "on": [vars(fault) for fault in self.switchboard.on],
            "fired": dict(self.fired),
            "unknown": list(self.unknown),
            "smallest_gap": None if gap == float("inf") else gap,
            "most_at_once": self.most_at_once(),
            "requests": [{**vars(seen), "headers": dict(seen.headers)} for seen in list(self.requests)],
        }

    def start(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def serve_forever(self) -> None:
        self._server.serve_forever()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], fake: FakeArxiv) -> None:
        self.fake = fake
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    seen: Seen
    wbufsize = -1  # headers and body leave together

    def handle(self) -> None:
        if self.server.fake.switchboard.is_down():
            self.server.fake.log.add(Seen(monotonic(), "", "", {}, ended=monotonic(), faults=("down",)))
            self._reset()
        else:
            super().handle()

    def do_GET(self) -> None:
        self._serve(b"")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _serve(self, body: bytes) -> None:
        fake = self.server.fake
        if self.path.startswith("/_control"):
            self._control(body)
            return
        self.seen = fake.log.add(Seen(monotonic(), self.command, self.path, dict(self.headers.items())))
        target = self.path + ("?" + body.decode("utf-8", "replace") if body else "")
        faults = fake.switchboard.strike(target, fake.world.weather(fake.world.now(), self.path))
        self.seen.faults = tuple(faults)
        try:
            self._answer(target, faults)
        finally:
            self.seen.ended = self.seen.ended or monotonic()

    def _answer(self, target: str, faults: Mapping[str, Fault]) -> None:
        if "reset" in faults or "down" in faults:
            self._reset()
        elif "hang" in faults:
            self.server.fake.closing.wait(faults["hang"].value or 60)
            self._reset()
        else:
            answer = _instead(faults) or self._true_answer(target, faults)
            self._send(_spoiled(answer, faults), faults)

    def _true_answer(self, target: str, faults: Mapping[str, Fault]) -> Answer:
        answer = self.server.fake.doors.answer(target, faults)
        if answer is None:
            with self.server.fake.log.lock:
                self.server.fake.log.unknown.append(f"{self.command} {self.path}")
            return Answer(404, b"not found", _PLAIN)
        return answer

    def _control(self, body: bytes) -> None:
        fake = self.server.fake
        try:
            fake.control(json.loads(body) if body else {})
            answer = Answer(200, json.dumps(fake.state()).encode(), "application/json")
        except (ValueError, TypeError) as error:
            answer = Answer(400, json.dumps({"error": str(error)}).encode(), "application/json")
        self.seen = Seen(monotonic(), self.command, self.path, {})
        self._send(answer, {})

    def _send(self, answer: Answer, faults: Mapping[str, Fault]) -> None:
        self.seen.status = answer.status
        self.send_response_only(answer.status)
        self.send_header("Server", "Apache")
        self.send_header("Date", format_datetime(self._clock(faults), usegmt=True))
        self.send_header("Content-Type", answer.content_type)
        self.send_header(
            "Content-Length", str(answer.length if answer.length is not None else len(answer.body))
        )
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.is_short:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        body = b"" if self.command == "HEAD" else answer.body
        if "slow" in faults:
            self._dribble(body, faults["slow"].value or 2)
        else:
            self._send_body(body, answer.padding if body else 0)

    def _send_body(self, body: bytes, padding: int) -> None:
        """All but a last byte, which waits in the buffer until the end is logged: a prompt client must not seem to
        overlap with itself."""
        for _ in range(padding // 65536):
            self.wfile.write(body[:1] + b"0" * 65534 + b"\n")
        self.wfile.write(body[:-1])
        self.wfile.write(body[-1:])
        self.seen.ended = monotonic()
        self.wfile.flush()

    def _dribble(self, body: bytes, seconds: float) -> None:
        pieces = 8
        size = len(body) // pieces + 1
        for first in range(0, len(body), size):
            self.wfile.write(body[first : first + size])
            self.wfile.flush()
            self.server.fake.closing.wait(seconds / pieces)

    def _clock(self, faults: Mapping[str, Fault]) -> datetime:
        now = self.server.fake.world.now().astimezone(UTC)
        if "wrong-clock" in faults:
            now += timedelta(seconds=faults["wrong-clock"].value or 3 * 86400)
        return now.replace(microsecond=0)

    def _reset(self) -> None:
        """End the connection with RST instead of FIN."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: `requests` is the log."""


def _instead(faults: Mapping[str, Fault]) -> Answer | None:
    """The answer of a fault that does not look at the question."""
    for name, make in _INSTEAD.items():
        if name in faults:
            return make(faults[name])
    return None


def _wait(fault: Fault) -> dict[str, str]:
    return {"Retry-After": str(int(fault.value or 5))}


_INSTEAD = {
    "rate-429": lambda fault: Answer(429, _RATE, _PLAIN),
    "rate-429-retry-after": lambda fault: Answer(429, _RATE, _PLAIN, _wait(fault)),
    "rate-503": lambda fault: Answer(503, b"Service Unavailable", _PLAIN, _wait(fault)),
    "rate-200": lambda fault: Answer(200, _RATE, _PLAIN),
    "refuse-406": lambda fault: Answer(406, b"", _PLAIN),
    "forbid-403": lambda fault: Answer(403, _ROBOTS, _HTML),
    "html-200": lambda fault: Answer(200, _SORRY, _HTML),
    "empty-body": lambda fault: Answer(200, b"", _PLAIN),
}


def _spoiled(answer: Answer, faults: Mapping[str, Fault]) -> Answer:
    """The true answer after the faults that damage bytes."""
    if "two-feeds" in faults:
        answer.body *= 2
    if "malformed-xml" in faults:
        answer.body = answer.body[: len(answer.body) * 3 // 5]
    if "cut-body" in faults:
        answer.length = len(answer.body)
        answer.body = answer.body[: len(answer.body) // 2]
    return answer


def instant(text: str) -> datetime:
    """An ISO instant; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def tell(base_url: str, **order: Any) -> dict[str, Any]:
    """Send an order to the control door of a fake in another process; returns its state."""
    request = urllib.request.Request(f"{base_url}/_control", json.dumps(order).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def load_world(name: str) -> World:
    """The world that tests/fakes/<name> makes: `sample`, `replay` or `year`, each with a function `world()`."""
    return import_module(f"tests.fakes.{name}").world()


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.fakes.arxiv", description="A loopback arXiv.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--world", choices=("sample", "replay", "year"), default="sample")
    parser.add_argument("--now", help="ISO instant; default: the machine's clock, or the world's own")
    parser.add_argument("--fault", action="append", default=[], choices=sorted(FAULTS), metavar="NAME")
    parser.add_argument("--serialisation", choices=("2025", "old"), default="2025")
    options = parser.parse_args(arguments)
    world = load_world(options.world)
    if options.now:
        world.set_now(instant(options.now))
    fake = FakeArxiv(world, options.fault, options.port, options.serialisation)
    print(fake.base_url, flush=True)
    with suppress(KeyboardInterrupt):
        fake.serve_forever()


if __name__ == "__main__":
    main()
