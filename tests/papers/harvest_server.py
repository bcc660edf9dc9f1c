"""A loopback server for the harvest tests: says exactly what it is told, and logs what it is asked.

Scripts are tried in order; each path may have several answers, the last of which repeats.
A request nobody scripted is remembered and fails the test.
"""

import socket
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from papers.harvest import Arxiv

SHARED = Path(__file__).parents[3] / "shared/data"
NOW = datetime(2026, 1, 28, 6, tzinfo=UTC)


def recorded(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip("../shared/data is absent")
    return path.read_bytes()


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    act: str = (
        ""  # "reset", "hang", "trickle", "cut", "keep" (the connection open, whatever the client wants)
    )


class Server:
    def __init__(self):
        self.replies, self.asked, self.headers, self.peers, self.unexpected = {}, [], [], [], []
        self.in_turn, self.turns, self.outside = 0, 0, 0
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.httpd.daemon_threads = True
        threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"

    def say(self, path, *replies):
        """Script `path` (without query: any query)."""
        self.replies[path] = [one if isinstance(one, Reply) else Reply(one) for one in replies]

    @contextmanager
    def turn(self):
        self.turns += 1
        self.in_turn += 1
        try:
            yield
        finally:
            self.in_turn -= 1

    def arxiv(self, **changes):
        addresses = {"rss_url": self.url, "site_url": self.url}
        addresses |= {"api_url": f"{self.url}/api/query", "oai_url": f"{self.url}/oai"}
        keywords = addresses | {"contact": "editor@example.org", "wait_turn": self.turn, "now": lambda: NOW}
        return Arxiv(**(keywords | {"timeout": (2, 2)} | changes))

    def reply_to(self, path):
        self.asked.append(path)
        if self.in_turn != 1:
            self.outside += 1
        script = self.replies.get(path) or self.replies.get(path.partition("?")[0])
        if not script:
            self.unexpected.append(path)
            return Reply(b"nobody scripted this", 418)
        return script.pop(0) if len(script) > 1 else script[0]

    def close(self):
        self.released.set()
        self.httpd.shutdown()
        self.httpd.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Server
    # As arXiv's: connections stay open unless somebody closes them.
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_GET(self):  # noqa: N802
        self.owner.headers.append(dict(self.headers))
        self.owner.peers.append(self.client_address)
        reply = self.owner.reply_to(unquote(self.path))
        if reply.act == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if reply.act == "hang":
            self.owner.released.wait(10)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in reply.headers and "Transfer-Encoding" not in reply.headers:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self._send(reply)
        self.close_connection = self.close_connection and reply.act != "keep"

    def _send(self, reply):
        if reply.act == "cut":
            self.wfile.write(reply.body[: len(reply.body) // 2])
            return
        if reply.act != "trickle":
            self.wfile.write(reply.body)
            return
        try:
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                if self.owner.released.wait(0.02):
                    return
        except OSError:
            pass


@pytest.fixture
def server():
    one = Server()
    yield one
    one.close()
    assert one.unexpected == []
    assert one.outside == 0, "a request outside wait_turn()"
    assert one.turns == len(one.asked)
