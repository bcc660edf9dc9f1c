"""The letters: one for each subscriber and published day, and the question before the first.

Each is a Job of kind `notify` (`mail:POST:SUBSCRIBER`, `confirm:SUBSCRIBER:SECOND`): what was sent is a done job, so a
run that was cut off goes on where it was. A letter counts as sent only after the mail server took it. Should we
die between its yes and our note, the letter goes out again under the same Message-ID, by which mail
services know it for the same.

One-click unsubscription: https://www.rfc-editor.org/rfc/rfc8058
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from digest_site import clock
from papers.models import Generation, Job
from posts import cards, rendering
from posts.models import DailyPost, Subscriber

from . import subscriptions
from .errors import NoSuchAddress
from .mail_html import for_mail
from .mail_server import MailServer

# A post is mailed within this time after it was published, or not at all.
FRESH = dt.timedelta(days=2)
# Large mail services cut a letter off after 100 kB of HTML; papers beyond this are listed by title.
ROOM = 60_000
# Stands in a text for the one thing that differs between two readers.
LEAVE_URL = "https://leave.invalid/"


@dataclass(frozen=True)
class Content:
    """What is written: templates/mail/NAME-subject.txt, NAME-body-text.txt and NAME-body-html.html."""

    subject: str
    text: str
    html: str

    @classmethod
    def of(cls, name: str, context: dict[str, Any]) -> "Content":
        context = {"site": settings.SITE_URL, "host": settings.SITE_HOST, "leave_url": LEAVE_URL} | context
        parts = ("subject.txt", "body-text.txt", "body-html.html")
        subject, text, html = (render_to_string(f"mail/{name}-{part}", context) for part in parts)
        return cls(" ".join(subject.split()), text.strip() + "\n", html)


@dataclass
class Mailbag:
    """The letters of one run: one connection, and each day's content written once for all its readers."""

    server: MailServer = field(default_factory=MailServer)
    days: dict[tuple[int, int], Content] = field(default_factory=dict)

    def day(self, post: DailyPost) -> Content:
        """What a day's letter says, anew as soon as anything public changes."""
        key = (post.pk, Generation.current())
        if key not in self.days:
            self.days = {key: Content.of("digest", _shown(post))}
        return self.days[key]

    def post(self, content: Content, to: Subscriber, name: str) -> None:
        """:raises NotTaken: see MailServer.send."""
        self.server.send(lambda connection: _message(content, to, name, connection))


def _message(
    content: Content, to: Subscriber, name: str, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    leave = leave_url(to)
    message = EmailMultiAlternatives(
        content.subject,
        content.text.replace(LEAVE_URL, leave),
        settings.DEFAULT_FROM_EMAIL,
        [to.email],
        connection=connection,
        headers={
            "Message-ID": f"<{name}.{to.pk}@{settings.SITE_HOST}>",
            "List-ID": f"<{to.digest.slug}.{settings.SITE_HOST}>",
            "List-Unsubscribe": f"<{leave}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(content.html.replace(LEAVE_URL, leave), "text/html")
    return message


def confirm_url(subscriber: Subscriber) -> str:
    return settings.SITE_URL + reverse("mail-confirm", args=[subscriber.token])


def leave_url(subscriber: Subscriber) -> str:
    return settings.SITE_URL + reverse("mail-leave", args=[subscriber.token])


# --- A day -----------------------------------------------------------------------------------------------------


def due() -> Iterator[str]:
    """The subjects of the letters about fresh posts that nobody has made a job of yet."""
    if not settings.MAIL_ON:
        return
    since = clock.now() - FRESH
    posts = DailyPost.objects.published().filter(published_at__gte=since, date__gte=(since - FRESH).date())
    for post in posts:
        if not post.entries.public().exists():
            continue
        known = set(_jobs_of(post).values_list("subject", flat=True))
        subjects = (f"mail:{post.pk}:{pk}" for pk in _readers(post).values_list("pk", flat=True))
        yield from (subject for subject in subjects if subject not in known)


def _jobs_of(post: DailyPost) -> QuerySet[Job]:
    # A range, since SQLite has no index for "starts with".
    return Job.objects.filter(
        kind=Job.Kind.NOTIFY, subject__gte=f"mail:{post.pk}:", subject__lt=f"mail:{post.pk};"
    ).order_by()


def _readers(post: DailyPost) -> QuerySet[Subscriber]:
    """Who gets this post: confirmed before it was published, and still there."""
    return Subscriber.objects.filter(
        digest=post.digest_id, confirmed_at__lte=post.published_at, left_at=None
    ).order_by("pk")


def send_day(rest: str, bag: Mailbag) -> None:
    """`rest` is POST:SUBSCRIBER. Nothing is sent to who left meanwhile, and of a post that was withdrawn."""
    post_id, _, subscriber_id = rest.partition(":")
    to = Subscriber.objects.filter(pk=subscriber_id).select_related("digest").first()
    post = DailyPost.objects.published().filter(pk=post_id).select_related("digest").first()
    if to is None or not to.is_active or post is None or not post.entries.public().exists():
        return
    try:
        bag.post(bag.day(post), to, f"{post.digest.slug}.{post.date:%Y%m%d}")
    except NoSuchAddress:
        subscriptions.refused(to)
        raise
    subscriptions.taken(to)


def _shown(post: DailyPost) -> dict[str, Any]:
    shown = cards.of_entries(post.entries.public().with_texts())
    return {"post": post, "rows": list(_rows(shown)), "url": settings.SITE_URL + post.get_absolute_url()}


def _rows(shown: Iterable[cards.Card]) -> Iterator[dict[str, Any]]:
    """Each paper's texts, plain and as HTML; abstracts as long as there is room."""
    room = ROOM
    for card in shown:
        row = {"card": card, "title_html": for_mail(card.html.title)}
        if card.revision.title != card.paper.title:  # as it is in posts of the old site
            row |= {
                "english": rendering.plain(card.paper.title),
                "english_html": for_mail(card.html.english_title),
            }
        abstract = for_mail(card.html.abstract)
        room -= len(abstract.encode())
        if room > 0:
            row |= {"abstract": card.plain_abstract, "abstract_html": abstract}
        yield row


# --- The question before the first -----------------------------------------------------------------------------


def send_question(rest: str, bag: Mailbag) -> None:
    """`rest` is SUBSCRIBER:SECOND."""
    subscriber_id, _, second = rest.partition(":")
    to = Subscriber.objects.filter(pk=subscriber_id).select_related("digest").first()
    if to is None or to.is_active:
        return
    content = Content.of("confirm", {"digest": to.digest, "confirm_url": confirm_url(to)})
    bag.post(content, to, f"confirm.{second}")
