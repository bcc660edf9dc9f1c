"""What the tests of chats, letters and the ping share: a day that is truly done, and telling."""

import datetime as dt

from digest_site import clock
from papers.models import Announcement, Job, Poll
from posts.models import DailyPost
from posts.telling import outbox
from tests.base import make_entry, make_paper, make_post, make_summary

DAY = dt.date(2026, 9, 17)  # a Thursday
NOON = dt.datetime(2026, 9, 17, 16, 0, tzinfo=dt.UTC)


def tell() -> int:
    """How many messages were taken by the other side."""
    outbox.find()
    return outbox.deliver(20)["told"]


def due_again() -> None:
    """Every wait has passed."""
    Job.objects.filter(state=Job.State.WAITING).update(next_try_at=clock.machine_now())


def listed(date: dt.date, *ids: str, printed: int | None = None) -> None:
    """A listing that was read twice, hours apart: settled."""
    for asked in (NOON - dt.timedelta(hours=8), NOON - dt.timedelta(hours=1)):
        for code in ("cs.SD", "eess.AS"):
            counts = {"new": len(ids) if printed is None else printed, "cross": 0}
            polled = {"source": "list", "category": code, "date": date, "state": "ok", "found": len(ids)}
            Poll.objects.create(**polled, asked_at=asked, printed=counts, fresh=0)
    for code in ("cs.SD", "eess.AS"):
        for arxiv_id in ids:
            given = {"kind": "new", "first_seen_at": NOON, "sources": {"list": "new", "rss": "new"}}
            Announcement.objects.create(category=code, date=date, arxiv_id=arxiv_id, **given)


def finished_day(date: dt.date = DAY) -> DailyPost:
    """Everything that the ping waits for."""
    listed(date, "2609.00001")
    post = make_post(date, published=True)
    make_entry(post, make_summary("approved", make_paper("2609.00001")))
    return post
