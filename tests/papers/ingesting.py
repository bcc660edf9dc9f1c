"""What the tests of listing share: a small arXiv of two categories, our clock, and a shorthand for papers."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from digest_site import clock
from papers import pipeline
from papers.harvest import SourceError
from papers.models import Announcement, Beat, Paper, Poll, Slot
from papers.pipeline import turns
from tests.fakes.arxiv import FakeArxiv, FakePaper, World
from tests.fakes.arxiv_world import EASTERN, first_version

CATEGORIES = ["cs.SD", "eess.AS"]
MON, TUE, WED, THU, FRI = (dt.date(2026, 2, day) for day in range(2, 7))
# The API asked for the last ten days, not for single ids.
SEARCH = "/api/query?search_query=%28"


def evening(day: dt.date, hour: float = 20.2) -> dt.datetime:
    """That Eastern hour of the evening before a listing's date: 20 is its announcement."""
    return at(day - dt.timedelta(days=1), hour)


def at(day: dt.date, hour: float) -> dt.datetime:
    """That Eastern hour of the date itself: from 0 on RSS shows it."""
    moment = dt.datetime.combine(day, dt.time(), EASTERN) + dt.timedelta(hours=hour)
    return moment.astimezone(dt.UTC)


def paper(number: int, day: dt.date, *categories: str, **fields: Any) -> FakePaper:
    """Number 7 of a date: its id rises with the date, as arXiv's do."""
    given = {
        "arxiv_id": f"{day:%y%m}.{day.day:02d}{number:03d}",
        "title": f"Speech Paper {number} of {day}",
        "abstract": f"We study {number} microphones on {day:%A}. The error rate falls to {number}.5%.",
        "authors": ["Ada Example", "Bo Sample"],
        "categories": list(categories or ("cs.SD",)),
        "versions": [first_version(day)],
    }
    return FakePaper(**given | fields)


def papers_of(day: dt.date, number: int = 3) -> list[FakePaper]:
    """A date's papers: the first two in cs.SD, the others in eess.AS, every second one in both."""
    codes = [("cs.SD",), ("cs.SD", "eess.AS"), ("eess.AS",), ("eess.AS", "cs.SD")]
    return [paper(n + 1, day, *codes[n % 4]) for n in range(number)]


def week(number: int = 3) -> list[FakePaper]:
    return [one for day in (MON, TUE, WED, THU, FRI) for one in papers_of(day, number)]


@contextmanager
def serve(settings: Any, papers: Sequence[FakePaper], **options: Any) -> Iterator[FakeArxiv]:
    """A fake arXiv with these papers, at the same time as we are; settings point at it."""
    with FakeArxiv(World(papers, lambda: settings.NOW, **options)) as server:
        settings.ARXIV_API_URL, settings.ARXIV_RSS_URL = server.api_url, server.rss_url
        settings.ARXIV_OAI_URL, settings.ARXIV_SITE_URL = server.oai_url, server.site_url
        settings.ARXIV_DELAY_SECONDS = 0
        yield server
    assert not server.unknown


def list_day(settings: Any, when: dt.datetime, day: dt.date, categories: Sequence[str] = CATEGORIES) -> str:
    """Ingest a date at an instant; the state of the error, empty for none."""
    settings.NOW = when
    try:
        pipeline.ingest(day, categories)
    except SourceError as error:
        return error.state
    return ""


def run(settings: Any, when: dt.datetime, categories: Sequence[str] = CATEGORIES) -> list[dt.date]:
    """What the worker does at an instant: list whatever is due; the dates."""
    settings.NOW = when
    days = pipeline.due_days(categories)
    for day in days:
        list_day(settings, when, day, categories)
    return days


def sent_away(seconds: float) -> None:
    """arXiv has made its third excuse in a row, and wants us to stay away for so long."""
    Beat.objects.create(name=turns.EXCUSES, at=clock.machine_now(), note="3")
    Slot.objects.create(name=turns.NAME, next_at=clock.machine_now() + dt.timedelta(seconds=seconds))


def ids(day: dt.date, *kinds: str) -> set[str]:
    rows = Announcement.objects.filter(date=day)
    return set((rows.filter(kind__in=kinds) if kinds else rows).values_list("arxiv_id", flat=True))


def poll(source: str, day: dt.date, category: str | None = None) -> Poll:
    """The newest answer of a source about a date."""
    polls = Poll.objects.filter(source=source, date=day)
    return (polls.filter(category=category) if category else polls).order_by("-asked_at", "-id")[0]


def targets(server: FakeArxiv, door: str = "/") -> list[str]:
    return [seen.path for seen in server.requests if seen.path.startswith(door)]


def stored(arxiv_id: str) -> Paper:
    return Paper.objects.get(arxiv_id=arxiv_id)
