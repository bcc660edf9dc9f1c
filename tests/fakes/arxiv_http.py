"""The sockets of the fake arXiv: reads requests, logs them, and sends answers with the faults that damage them."""

import json
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock
from time import monotonic
from typing import Any, Protocol

from tests.fakes.arxiv_doors import Answer, Doors
from tests.fakes.arxiv_faults import Fault, Switchboard
from tests.fakes.arxiv_world import World

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


class Fake(Protocol):
    """What the handler needs of the server's owner."""

    world: World
    switchboard: Switchboard
    log: Log
    closing: Event
    doors: Doors

    def control(self, order: Mapping[str, Any]) -> None: ...
    def state(self) -> dict[str, Any]: ...


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], fake: Fake) -> None:
        self.fake = fake
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server
    seen: Seen
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True  # the last byte goes alone and must not wait for an acknowledgement

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
            self._hang(faults["hang"].value or 60)
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
        self.wfile.write(body[:-1])
        for _ in range(padding // 65536):
            self.wfile.write(b"%" + b"0" * 65534 + b"\n")
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

    def _hang(self, seconds: float) -> None:
        """Until then, or until the client has gone: what nobody waits for any more is not under way."""
        until = monotonic() + seconds
        self.connection.settimeout(0.02)
        while monotonic() < until and not self.server.fake.closing.is_set():
            with suppress(TimeoutError):
                if not self.connection.recv(1):
                    return

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
