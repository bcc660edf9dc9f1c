"""One total deadline for an exchange over HTTP, whatever the server trickles, headers included."""

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from papers.llm.sdk import httpx2

_this_thread = threading.local()


class Deadline:
    """Ends the calling thread's exchange when its time is over.

    A timeout of httpx2 is per read, so one byte now and then would keep a call alive for ever. httpx2 tells `trace`
    about each new connection; at the deadline a timer shuts that socket down, which wakes the reader.
    https://www.encode.io/httpcore/extensions/#trace
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._end

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.passed:
                self._cut()

    def _cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "Deadline":
        _this_thread.deadline = self
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._timer.cancel()
        _this_thread.deadline = None


def watch(request: "httpx2.Request") -> None:
    """Request hook of an httpx2 client: puts the request under the deadline of the thread that sends it."""
    deadline: Deadline | None = getattr(_this_thread, "deadline", None)
    if deadline is not None:
        request.extensions["trace"] = deadline.trace
