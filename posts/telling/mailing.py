"""The digest by mail: to confirmed addresses, once a subscriber and day, with one-click unsubscription.

Each letter is a Job of kind `notify` (`mail:SUBSCRIBER:POST`, `confirm:SUBSCRIBER:MINUTE`): what was sent is a
done job, so a run that was cut off goes on where it was. A letter counts as sent only after the mail server took it; its
Message-ID is always the same, so that a repeated one (a crash between the two) is known as such.

Unsubscription follows RFC 8058: https://www.rfc-editor.org/rfc/rfc8058
"""

import datetime as dt
import secrets
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError
from django.template.loader import render_to_string
from django.urls import reverse

from digest_site import clock
from papers import jobs
from papers.models import Job
from posts import cards
from posts.models import DailyPost, Digest, Subscriber

# A post is mailed within this time after it was published, or not at all.
FRESH = dt.timedelta(days=2)
# Somebody who asks again gets one letter in this time, and strangers cannot make us write to many.
ASK_AGAIN = dt.timedelta(hours=12)
ASKED_AN_HOUR = 60
TIMEOUT = 20


class NotTaken(Exception):
    """The mail server did not take the letter; trying again may help."""


@dataclass(frozen=True)
class Letter:
    """What is written: templates/mail/NAME-subject.txt, NAME-body-text.txt and NAME-body-html.html."""

    name: str
    subscriber: Subscriber
    context: dict[str, Any]
    message_id: str

    def message(self, server: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
        site = {"site": settings.SITE_URL, "host": settings.SITE_HOST, "subscriber": self.subscriber}
        context = site | self.context | {"leave_url": leave_url(self.subscriber)}
        subject, text, html = (
            render_to_string(f"mail/{self.name}-{part}", context)
            for part in ("subject.txt", "body-text.txt", "body-html.html")
        )
        message = EmailMultiAlternatives(
            " ".join(subject.split()),
            text,
            settings.DEFAULT_FROM_EMAIL,
            [self.subscriber.email],
            connection=server,
            headers=self.headers(),
        )
        message.attach_alternative(html, "text/html")
        return message

    def headers(self) -> dict[str, str]:
        digest = self.subscriber.digest
        return {
            "Message-ID": f"<{self.message_id}@{settings.SITE_HOST}>",
            "List-ID": f"{digest.title} <{digest.slug}.{settings.SITE_HOST}>",
            "List-Unsubscribe": f"<{leave_url(self.subscriber)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        }


class Post:
    """One connection to the mail server for many letters, opened when the first one is sent."""

    def __init__(self) -> None:
        self.server: BaseEmailBackend | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._close()

    def send(self, letter: Letter) -> None:
        """:raises NotTaken: the server refused it or cannot be reached."""
        try:
            if self.server is None:
                self.server = get_connection(fail_silently=False)
                self.server.open()
            if letter.message(self.server).send() != 1:
                raise NotTaken("邮件服务器没有接受")
        except (OSError, smtplib.SMTPException) as error:
            self._close()
            raise NotTaken(f"{type(error).__name__}: {error}") from error

    def _close(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            try:
                server.close()
            except (OSError, smtplib.SMTPException):
                return


# --- Who asked, who confirmed, who left ------------------------------------------------------------------------


def ask(digest: Digest, email: str) -> None:
    """Somebody wants this digest at this address; a letter asks the address whether that is so.

    Says the same whether or not the address is known, and writes to no address twice within ASK_AGAIN.
    """
    now = clock.machine_now()
    lately = Subscriber.objects.filter(asked_at__gte=now - dt.timedelta(hours=1), confirmed_at=None)
    if lately.count() >= ASKED_AN_HOUR:
        return
    subscriber = Subscriber.objects.filter(digest=digest, email__iexact=email).first()
    if subscriber is None:
        try:
            subscriber = Subscriber.objects.create(
                digest=digest, email=email, token=secrets.token_urlsafe(24), asked_at=now
            )
        except IntegrityError:
            return
    elif (subscriber.confirmed_at and not subscriber.left_at) or subscriber.asked_at > now - ASK_AGAIN:
        return
    Subscriber.objects.filter(pk=subscriber.pk).update(asked_at=now)
    jobs.enqueue(Job.Kind.NOTIFY, [f"confirm:{subscriber.pk}:{int(now.timestamp())}"], priority=10)


def confirm(token: str) -> Subscriber | None:
    """The address says yes; again if it had left."""
    subscriber = Subscriber.objects.filter(token=token).select_related("digest").first()
    if subscriber and (subscriber.confirmed_at is None or subscriber.left_at):
        Subscriber.objects.filter(pk=subscriber.pk).update(confirmed_at=clock.machine_now(), left_at=None)
    return subscriber


def leave(token: str) -> Subscriber | None:
    """The address wants no more letters; saying so twice is no mistake."""
    subscriber = Subscriber.objects.filter(token=token).select_related("digest").first()
    if subscriber and subscriber.left_at is None:
        Subscriber.objects.filter(pk=subscriber.pk).update(left_at=clock.machine_now())
    return subscriber


def confirm_url(subscriber: Subscriber) -> str:
    return settings.SITE_URL + reverse("mail-confirm", args=[subscriber.token])


def leave_url(subscriber: Subscriber) -> str:
    return settings.SITE_URL + reverse("mail-leave", args=[subscriber.token])


# --- Letters ---------------------------------------------------------------------------------------------------


def due() -> Iterator[str]:
    """The subject of every letter about a fresh post: sent ones too, a job that exists is left alone."""
    if not settings.MAIL_ON:
        return
    now = clock.now()
    posts = DailyPost.objects.published().filter(
        published_at__gte=now - FRESH, date__gte=(now - 2 * FRESH).date()
    )
    for post in posts:
        for pk in readers(post).values_list("pk", flat=True):
            yield f"mail:{pk}:{post.pk}"


def readers(post: DailyPost) -> Any:
    """Who gets this post: confirmed before it was published, and still there."""
    return Subscriber.objects.filter(
        digest=post.digest, confirmed_at__lte=_since(post), left_at=None
    ).order_by("pk")


def _since(post: DailyPost) -> dt.datetime:
    """`published_at` is the readers' time, which a rehearsal holds still; confirmations are the machine's."""
    return clock.machine_now() if settings.NOW else post.published_at


def _send_digest(rest: str, post: Post) -> None:
    subscriber_id, _, post_id = rest.partition(":")
    subscriber = Subscriber.objects.filter(pk=subscriber_id, left_at=None).select_related("digest").first()
    day = DailyPost.objects.published().filter(pk=post_id).select_related("digest").first()
    if subscriber is None or subscriber.confirmed_at is None or day is None:
        return
    shown = cards.of_entries(day.entries.public().with_texts())
    context = {"day": day, "cards": shown, "url": settings.SITE_URL + day.get_absolute_url()}
    post.send(Letter("digest", subscriber, context, f"{day.digest.slug}.{day.date:%Y%m%d}.{subscriber.pk}"))


def _send_question(rest: str, post: Post) -> None:
    subscriber_id, _, minute = rest.partition(":")
    subscriber = Subscriber.objects.filter(pk=subscriber_id).select_related("digest").first()
    if subscriber is None:
        return
    context = {"confirm_url": confirm_url(subscriber)}
    post.send(Letter("confirm", subscriber, context, f"confirm.{subscriber.pk}.{minute}"))


TELL: dict[str, Callable[[str, Post], None]] = {"mail": _send_digest, "confirm": _send_question}
