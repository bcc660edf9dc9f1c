"""Log lines: one a line, with the id of the paper or job that they are about, and never a secret.

    2026-01-28T01:02:03Z INFO papers.work [translate 2601.19786] translated in 3.2 s

Times are UTC. What belongs to the line above (a traceback) is indented by two spaces.

With LOG_JSON=yes each line is a JSON object with `time`, `level`, `logger`, `about`, `message` and, after an
error, `trace`: what log collectors want.
"""

import datetime as dt
import json
import logging
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import unquote, urlsplit

from django.conf import settings

_about: ContextVar[str] = ContextVar("about", default="")

HIDDEN = "***"
# Shorter ones would blacken half a log: "sample", "none".
SHORTEST_SECRET = 8
# What looks like a credential, whoever wrote it: bearer tokens, keys of model providers, passwords in addresses.
CREDENTIAL = re.compile(r"(?i)(bearer\s+|\bsk-|://[^\s/:@]*:)[^\s@\"']{4,}")
# A key is long, or has digits in it; a word of an address is neither.
TOKEN = re.compile(r"(?=.*\d)[\w-]{8,}|[\w-]{16,}")
# In their addresses only the password is secret: the name of a database may stand in a log.
SERVERS = ("postgres", "postgresql", "pgsql", "sqlite", "redis", "rediss", "smtp", "smtps", "submission")


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Everything logged inside, in this thread, is about this paper or job."""
    token = _about.set(subject)
    try:
        yield
    finally:
        _about.reset(token)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets and without what looks like one."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return CREDENTIAL.sub(rf"\1{HIDDEN}", text)


def secrets_in(values: Iterable[str]) -> list[str]:
    """The secret parts of settings, longest first: whole keys, and of addresses passwords and what looks like a token."""
    found: set[str] = set()
    for value in values:
        password = _password(value)
        found |= {value, password, unquote(password), *_tokens(value)}
    return sorted((one for one in found if len(one) >= SHORTEST_SECRET), key=len, reverse=True)


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


def _tokens(address: str) -> list[str]:
    """The keys in `tgram://KEY/chat`, `slack://A/B/C` or `https://hc-ping.com/UUID`; a server's name is none."""
    scheme, _, rest = address.partition("://")
    if not rest or scheme.partition("+")[0] in SERVERS:
        return []
    return [piece for piece in re.split(r"[/:@?&=#,]+", rest) if TOKEN.fullmatch(piece)]


def clean(text: str) -> str:
    """The text without the secrets of the settings: for what is stored or shown of others' errors."""
    return scrub(text, secrets_in(filter(None, settings.SECRETS)))


class NoAnswers(logging.Filter):
    """Drops what Django logs of each 503: monitors know and ask again, and a database that is away is told once."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", 0) != 503


class Seldom(logging.Filter):
    """Lets the same message through once in so many seconds: what is tried again twice a second fails alike."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now, message = time.monotonic(), record.getMessage()
        self.said = {known: at for known, at in self.said.items() if now - at < self.seconds}
        if message in self.said:
            return False
        self.said[message] = now
        return True


class Line(logging.Formatter):
    """`secrets` are the settings that hold one: keys, and addresses with passwords in them."""

    def __init__(self, secrets: Iterable[str] = (), as_json: bool = False) -> None:
        super().__init__()
        self.secrets = secrets_in(secrets)
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        fields = {
            "time": moment,
            "level": record.levelname,
            "logger": record.name,
            "about": _about.get(),
            "message": scrub(record.getMessage(), self.secrets),
            "trace": scrub(trace, self.secrets),
        }
        return _json(fields) if self.as_json else _text(fields)


def _json(fields: dict[str, str]) -> str:
    return json.dumps({name: value for name, value in fields.items() if value}, ensure_ascii=False)


def _text(fields: dict[str, str]) -> str:
    subject = f" [{fields['about']}]" if fields["about"] else ""
    said = "\n".join(filter(None, [fields["message"], fields["trace"]])).rstrip()
    # A line break in what a paper or a server wrote must not look like a line of ours.
    said = said.replace("\r", "").replace("\n", "\n  ")
    return f"{fields['time']} {fields['level']} {fields['logger']}{subject} {said}"
