"""Load on one address over kept connections, and what it costs the server: a client that only counts bytes.

    python -m tests.benchmarks.parts.load ADDRESS SECONDS CONNECTIONS

Prints the number of answers and the seconds they took. The answer to the same request always has the same
length, so a client need not read HTTP to know where one ends; that makes it several times faster than the
servers it is to measure, and it needs nothing installed.
"""

import re
import selectors
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

CONNECTIONS = 32
AS_BROWSERS_DO = "gzip, deflate, br"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
CHUNK = 1 << 20


class Address:
    """Where to ask, with what words, and how long the right answer is."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.place = (str(parts.hostname), int(parts.port or 80))
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: {AS_BROWSERS_DO}\r\n\r\n".encode()
        self.length, self.start = self._measure()

    def connect(self) -> socket.socket:
        made = socket.create_connection(self.place, timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _measure(self) -> tuple[int, bytes]:
        """The length of a whole answer, and its status line."""
        with self.connect() as connection:
            connection.sendall(self.request)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(CHUNK) or _fail("no answer")
        head = head.partition(b"\r\n\r\n")[0] + b"\r\n"
        found = LENGTH.search(head) or _fail(f"an answer without its length: {head!r}")
        return len(head) + 2 + int(found[1]), head.partition(b"\r\n")[0]


def _fail(why: str) -> bytes:
    raise RuntimeError(why)


def load(url: str, seconds: float, connections: int = CONNECTIONS) -> tuple[int, float]:
    """(answers, seconds) of so many clients that each ask again as soon as they have their answer."""
    address = Address(url)
    if not address.start.endswith(b"200 OK"):
        raise RuntimeError(f"{url} fails: {address.start!r}")
    with selectors.DefaultSelector() as poll:
        for _ in range(connections):
            _ask(poll, address)
        started = now = time.perf_counter()
        answers = 0
        while now - started < seconds:
            for key, _ in poll.select(seconds):
                answers += _read(poll, key, address)
            now = time.perf_counter()
        for key in list(poll.get_map().values()):
            key.fileobj.close()
    return answers, now - started


def _ask(poll: selectors.BaseSelector, address: Address) -> None:
    connection = address.connect()
    poll.register(connection, selectors.EVENT_READ, [0])
    connection.sendall(address.request)


def _read(poll: selectors.BaseSelector, key: selectors.SelectorKey, address: Address) -> int:
    """1 for an answer that is complete; a connection that the server has ended is made anew."""
    connection, seen = key.fileobj, key.data
    try:
        chunk = connection.recv(CHUNK)
    except ConnectionError:
        chunk = b""
    if not chunk:
        poll.unregister(connection)
        connection.close()
        _ask(poll, address)
        return 0
    if not seen[0] and not chunk.startswith(address.start):
        raise RuntimeError(f"another answer under load: {chunk[:200]!r}")
    seen[0] += len(chunk)
    if seen[0] < address.length:
        return 0
    seen[0] = 0
    connection.sendall(address.request)
    return 1


def rate(url: str, seconds: float) -> float:
    """Answers a second, counted by a process of its own."""
    command = [sys.executable, "-m", __name__, url, str(seconds), str(CONNECTIONS)]
    answers, took = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return int(answers) / float(took)


if __name__ == "__main__":
    print(*load(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
