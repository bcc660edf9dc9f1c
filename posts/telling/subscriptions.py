"""Who gets the digest by mail: asked for, confirmed by the address itself, left with one click.

Nobody's address is kept for longer than it is needed, and none of it stands in a log.
"""

import datetime as dt
import secrets

from django.db import IntegrityError
from django.db.models import F, Q

from digest_site import clock
from papers import jobs
from papers.models import Job
from posts.limits import too_often
from posts.models import Digest, Subscriber

# An address is asked once in this time; a stranger cannot have us write to it again and again.
ASK_AGAIN = dt.timedelta(hours=12)
# Questions to all addresses in an hour, and from one asker: strangers cannot make us write to many.
ASKED_AN_HOUR = 60
ASKED_BY_ONE = 5
HOUR = dt.timedelta(hours=1)
# A question that nobody answered is forgotten, and so is the address of who left.
UNANSWERED_FOR = dt.timedelta(days=7)
GONE_FOR = dt.timedelta(days=30)
# Letters in a row that nobody at the address would take.
MOST_REFUSALS = 3


class TooManyAsked(Exception):
    """This asker, or all of them together, asked more often in this hour than people do."""


def ask(digest: Digest, email: str, asker: str = "") -> None:
    """Somebody wants this digest at this address; a letter asks the address whether that is so.

    Says the same whether or not the address is known, and writes to none twice within ASK_AGAIN. Who said in
    answer to the question that it wants no letters is not asked again.

    :raises TooManyAsked: from this `asker` (a network address), or from everybody, in this hour.
    """
    _count(asker)
    now = clock.machine_now()
    subscriber = Subscriber.objects.filter(digest=digest, email__iexact=email).first()
    if subscriber is None:
        try:
            subscriber = Subscriber.objects.create(
                digest=digest, email=email, token=secrets.token_urlsafe(24), asked_at=now
            )
        except IntegrityError:
            return  # the same form, sent twice
    elif not _may_be_asked(subscriber, now):
        return
    Subscriber.objects.filter(pk=subscriber.pk).update(asked_at=now)
    jobs.enqueue(Job.Kind.NOTIFY, [f"confirm:{subscriber.pk}:{int(now.timestamp())}"], priority=10)


def _may_be_asked(subscriber: Subscriber, now: dt.datetime) -> bool:
    refused_us = subscriber.left_at and not subscriber.confirmed_at
    return not subscriber.is_active and not refused_us and subscriber.asked_at <= now - ASK_AGAIN


def _count(asker: str) -> None:
    unconfirmed = Subscriber.objects.filter(asked_at__gte=clock.machine_now() - HOUR, confirmed_at=None)
    if unconfirmed.count() >= ASKED_AN_HOUR:
        raise TooManyAsked
    if too_often("mail-asked", asker, ASKED_BY_ONE):
        raise TooManyAsked


def of_token(token: str) -> Subscriber | None:
    return Subscriber.objects.filter(token=token).select_related("digest").first()


def confirm(subscriber: Subscriber) -> None:
    """The address says yes; again if it had left."""
    if not subscriber.is_active:
        _update(subscriber, confirmed_at=clock.now(), left_at=None, refusals=0)


def leave(subscriber: Subscriber) -> None:
    """The address wants no more letters; saying so twice is no mistake."""
    if subscriber.left_at is None:
        _update(subscriber, left_at=clock.now())


def taken(subscriber: Subscriber) -> None:
    """A letter arrived."""
    if subscriber.refusals:
        _update(subscriber, refusals=0)


def refused(subscriber: Subscriber) -> None:
    """Nobody at the address would take a letter; the third in a row is the last."""
    _update(subscriber, refusals=F("refusals") + 1)
    Subscriber.objects.filter(pk=subscriber.pk, left_at=None, refusals__gte=MOST_REFUSALS).update(
        left_at=clock.now()
    )


def _update(subscriber: Subscriber, **change: object) -> None:
    Subscriber.objects.filter(pk=subscriber.pk).update(**change)


def forget() -> int:
    """Delete the addresses that never answered and those that left; how many rows."""
    unanswered = Q(confirmed_at=None, left_at=None, asked_at__lt=clock.machine_now() - UNANSWERED_FOR)
    gone = Q(left_at__lt=clock.now() - GONE_FOR)
    return Subscriber.objects.filter(unanswered | gone).delete()[0]
