"""The mail server of EMAIL_URL: one connection for many letters, and what its answers mean.

Codes: RFC 5321 §4.2 (4yz: try again; 5yz: never), RFC 3463 for what stands behind them (5.1 and 5.2 are about the
address, 5.7 about policy).
"""

import re
import smtplib
from collections.abc import Callable
from contextlib import suppress

from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from .errors import NoSuchAddress, NotTaken, Refused, Unreachable

# Seconds for each step; some servers make strangers wait half a minute for a greeting.
TIMEOUT = 30
ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
ABOUT_POLICY = re.compile(r"^5\.7\.\d")


def connection(timeout: float) -> BaseEmailBackend:
    """A connection, not yet open, to the mail server of the settings; seconds for each step."""
    mailers = getattr(mail, "mailers", None)  # Django 6.1 and later, where get_connection is going away
    made: BaseEmailBackend = mailers.default if mailers else mail.get_connection()
    made.timeout = timeout
    return made


class MailServer:
    """Opened for the first letter, opened again once when it hung up between two, and closed at the end.

    `is_down` once it did not want to talk to us at all: the next letter would fare no better.
    """

    def __init__(self) -> None:
        self.connection: BaseEmailBackend | None = None
        self.letters = 0
        self.is_down = False

    def send(self, make: Callable[[BaseEmailBackend], EmailMessage]) -> None:
        """Hand over what `make` writes for this connection. Returns only after the server has taken it.

        :raises Unreachable: no server, or it does not want to talk to us at all.
        :raises NoSuchAddress: nobody lives there; other letters may go through.
        :raises Refused: this letter will never be taken.
        :raises NotTaken: this letter may be taken later.
        """
        used = self.letters > 0
        try:
            self._send(make)
        except smtplib.SMTPServerDisconnected:
            self.close()
            if not used:
                raise self._down("断开了连接") from None
            self.send(make)

    def _send(self, make: Callable[[BaseEmailBackend], EmailMessage]) -> None:
        try:
            if self.connection is None:
                self.connection = connection(TIMEOUT)
                self.connection.open()
            make(self.connection).send()
            self.letters += 1
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _recipient_refused(code, _words(said)) from None
        except smtplib.SMTPDataError as error:
            raise _letter_refused(error.smtp_code, _words(error.smtp_error)) from None
        except smtplib.SMTPResponseException as error:
            # Our greeting, login or sender was refused.
            raise self._down(f"{error.smtp_code} {_words(error.smtp_error)}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._down(f"{type(error).__name__} {_words(str(error))}") from None

    def _down(self, why: str) -> Unreachable:
        self.is_down = True
        self.close()
        return Unreachable(f"邮件服务器：{why.strip()}")

    def close(self) -> None:
        connection, self.connection, self.letters = self.connection, None, 0
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.close()


def _recipient_refused(code: int, words: str) -> NotTaken:
    """A server that does not like us (5.7) refuses every address alike: none of them is to blame."""
    if code < 500 or ABOUT_POLICY.match(words):
        return NotTaken(f"{code} {words}")
    return NoSuchAddress(f"{code} {words}")


def _letter_refused(code: int, words: str) -> NotTaken:
    return (NotTaken if code < 500 else Refused)(f"{code} {words}")


def _words(said: bytes | str) -> str:
    """What the server said, in one line and without anybody's address."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return ADDRESS.sub("…@…", " ".join(text.split()))[:300]
