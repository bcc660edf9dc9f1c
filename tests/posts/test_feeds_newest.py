"""The newest papers of a feed against the plain definition, on random histories."""

import datetime as dt
from random import Random
from typing import Any

import pytest

from papers.models import Paper, PaperCategory, Summary
from posts.feeds import channels, newest
from posts.models import DailyPost, Digest, Entry
from tests.base import make_revision, make_summary

pytestmark = pytest.mark.django_db

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CODES = ["cs.SD", "eess.AS", "cs.LG", "math.NA"]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few items and posts, so that a small history has every case."""
    for name, value in {"ITEMS": 5, "FEW_POSTS": 2, "MANY_POSTS": 4, "CANDIDATES": 10}.items():
        monkeypatch.setattr(newest, name, value)


def make_history(random: Random) -> None:
    """Posts of two digests on random days, papers in one or both, texts approved early, late or never."""
    digests = [Digest.objects.get(slug="speech"), Digest.objects.create(slug="b", title="B", categories=[])]
    revision = make_revision(make_summary("waiting"))
    papers = Paper.objects.bulk_create(
        Paper(arxiv_id=f"2601.{n:05}", title="T", categories=[]) for n in range(1, 41)
    )
    for paper in papers:
        codes = random.sample(CODES[:3] if random.random() < 0.9 else CODES, random.randint(1, 2))
        PaperCategory.objects.bulk_create(PaperCategory(paper=paper, code=code) for code in codes)
        shown = random.random() < 0.8
        since = START + dt.timedelta(hours=random.randint(0, 900)) if random.random() < 0.9 else None
        Summary.objects.create(paper=paper, public=revision if shown else None, public_since=since)
    for digest in digests:
        for day in random.sample(range(30), 12):
            at = START + dt.timedelta(days=day)
            post = DailyPost.objects.create(
                digest=digest,
                date=at.date(),
                window_start=at,
                window_end=at,
                published_at=at if random.random() < 0.8 else None,
                status="published" if random.random() < 0.8 else "withdrawn",
            )
            for position, paper in enumerate(random.sample(papers, 5)):
                held = "词" if random.random() < 0.1 else ""
                if not Entry.objects.filter(digest=digest, paper=paper).exists():
                    Entry.objects.create(post=post, paper=paper, position=position, held=held)


def expected(channel: channels.Channel) -> list[tuple[int, dt.datetime]]:
    """By the definition: of each paper the first moment at which both its post and its text were public."""
    firsts: dict[int, dt.datetime] = {}
    for entry in channel.entries.select_related("post", "paper__summary"):
        posted = entry.post.published_at or entry.post.window_end
        moment = max(posted, entry.paper.summary.public_since or posted)
        firsts[entry.paper_id] = min(moment, firsts.get(entry.paper_id, moment))
    return sorted(firsts.items(), key=lambda row: row[1], reverse=True)


@pytest.mark.parametrize("seed", range(12))
def test_feeds_hold_the_newest_by_definition(seed: int) -> None:
    make_history(Random(seed))
    for channel in (
        channels.of_all(),
        channels.of_digest("b"),
        channels.of_categories("cs.SD"),
        channels.of_categories("math.NA"),
        channels.of_categories("cs.SD+eess.AS-cs.LG"),
    ):
        found: list[Any] = newest.newest(channel.entries, channel.posts, channel.sparse)
        wanted = expected(channel)
        assert [entry.public_at for entry in found] == [moment for _, moment in wanted[:5]], channel.path
        moments = dict(wanted)
        assert all(moments[entry.paper_id] == entry.public_at for entry in found)
        assert len({entry.paper_id for entry in found}) == len(found)
