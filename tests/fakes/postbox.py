"""A mail server and a web hook that are not there: what was handed to them, and refusals on demand. Loopback only."""

import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Callable
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

# What the server says when nobody told it otherwise; DATA is answered a second time when the letter has come.
CONSENT = {
    "EHLO": "250-postbox\r\n250 AUTH PLAIN",
    "AUTH": "235 welcome",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "LETTER": "250 taken",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


class _Serving:
    """A server in a thread, as a context."""

    server: socketserver.BaseServer

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.server.shutdown()
        self.server.server_close()


class Postbox(_Serving):
    """Speaks enough SMTP for one letter after the other (RFC 5321).

    `answers` holds for a verb what to say instead of consenting, first one first; `hang_up_after` ends a
    connection after so many letters; `before_yes` is called with the number of a letter that has come, before
    the server says that it took it.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answers: dict[str, list[str]] = {}
        self.hang_up_after = 0
        self.connections = 0
        self.before_yes: Callable[[int], None] = lambda number: None
        self.server = _Smtp(("127.0.0.1", 0), _SmtpHandler)
        self.server.box = self
        self.port = self.server.server_address[1]

    def to(self) -> list[str]:
        return [str(letter["To"]) for letter in self.letters]

    def answer(self, verb: str) -> str:
        planned = self.answers.get(verb)
        return planned.pop(0) if planned else CONSENT.get(verb, "502 what?")


class _Smtp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    box: Postbox


class _SmtpHandler(socketserver.StreamRequestHandler):
    server: _Smtp

    def handle(self) -> None:
        box, taken = self.server.box, 0
        box.connections += 1
        self.say("220 postbox")
        for line in iter(self.rfile.readline, b""):
            verb = line[:4].decode("ascii", "replace").upper().strip()
            answer = box.answer(verb)
            self.say(answer)
            if answer.startswith("354"):
                taken += self.take(box)
            if verb == "QUIT" or taken == box.hang_up_after > 0:
                return

    def take(self, box: Postbox) -> bool:
        data = b"".join(iter(self.rfile.readline, b".\r\n"))
        box.before_yes(len(box.letters) + 1)
        answer = box.answer("LETTER")
        if answer.startswith("2"):
            box.letters.append(email.message_from_bytes(data, policy=email.policy.default))
        self.say(answer)
        return answer.startswith("2")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Hook(_Serving):
    """Takes GET (a ping) and POST (a notification in JSON); `status` holds answers to give, first one first."""

    def __init__(self) -> None:
        self.pings: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self.status: list[int] = []
        self.server = _Http(("127.0.0.1", 0), _HookHandler)
        self.server.hook = self
        self.port = self.server.server_address[1]

    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    hook: Hook


class _HookHandler(BaseHTTPRequestHandler):
    server: _Http

    def do_GET(self) -> None:
        self.answer(lambda: self.server.hook.pings.append(self.path))

    def do_POST(self) -> None:
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(lambda: self.server.hook.messages.append(data))

    def answer(self, keep: Callable[[], None]) -> None:
        status = self.server.hook.status.pop(0) if self.server.hook.status else 200
        if status == 200:
            keep()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody listens."""
