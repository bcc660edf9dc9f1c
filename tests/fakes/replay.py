"""A world made of real material: announced lists, PDFs and HTML kept beside the checkout in ../shared/data.

Real: ids, versions, titles, abstracts, authors, categories, comments, listing dates, the bytes of files. Invented,
always the same way: submission times (within each batch's window), the dates of versions that lie before the lists,
licences, and which paper carries which file.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha1
from itertools import cycle
from pathlib import Path

from tests.fakes.arxiv_world import (
    CC_BY,
    NONEXCLUSIVE,
    ONE_DAY,
    Calendar,
    Clock,
    FakePaper,
    Version,
    World,
    public_at,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LICENCES = (NONEXCLUSIVE, NONEXCLUSIVE, CC_BY, "http://creativecommons.org/licenses/by-nc-nd/4.0/")
Row = Mapping


class NoSharedData(FileNotFoundError):
    """There is no ../shared/data beside this checkout: skip the test and say so."""


def world(
    day_from: date = date(2026, 1, 26),
    day_to: date = date(2026, 1, 30),
    now: Clock | datetime | None = None,
    data: Path = DATA,
) -> World:
    """Everything announced from `day_from` to `day_to` (both included) in cs.SD and eess.AS, and in cs.CL, cs.CV and
    cs.RO where there are lists. Stands 12 hours after the last batch unless told otherwise. NoSharedData when absent.
    """
    rows = [row for row in _rows(data) if day_from <= row["day"] <= day_to]
    calendar = Calendar()
    papers = [_paper(name, own, calendar) for name, own in sorted(_by_paper(rows).items())]
    _attach_files(papers, data)
    return World(_with_times(papers, calendar), now or public_at(day_to) + timedelta(hours=12))


def days(data: Path = DATA) -> list[date]:
    """All listing dates of the lists of cs.SD and eess.AS."""
    return sorted({row["day"] for row in _rows(data) if "list_category" not in row})


def volumes(data: Path = DATA) -> dict[date, tuple[int, int]]:
    """How many papers (new with cross-lists, replaced) cs.SD and eess.AS listed on each day."""
    counts: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in _rows(data):
        if "list_category" not in row:
            counts[row["day"]][row["kind"] == "replaced"] += 1
    return {day: (new, replaced) for day, (new, replaced) in sorted(counts.items())}


@cache
def _rows(data: Path) -> list[Row]:
    files = sorted((data / "corpus").glob("announced_*.jsonl"))
    if not files:
        raise NoSharedData(f"no announced_*.jsonl in {data / 'corpus'}")
    return [_row(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def _row(line: str) -> Row:
    row = json.loads(line)
    name, _, number = row["id"].rpartition("v")
    return row | {"name": name, "number": int(number), "day": date.fromisoformat(row["list_date"])}


def _by_paper(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows of each paper by date; the same row from two lists counts once."""
    papers: dict[str, dict[tuple, Row]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: (row["day"], row["kind"])):
        papers[row["name"]].setdefault((row["day"], row["number"]), row)
    return {name: list(own.values()) for name, own in papers.items()}


def _paper(name: str, rows: Sequence[Row], calendar: Calendar) -> FakePaper:
    latest = rows[-1]
    listed: dict[int, Row] = {}
    crossed: list[Row] = []
    for row in rows:
        is_cross = row["kind"] == "new" and (row["number"] > 1 or 1 in listed)
        if is_cross:
            crossed.append(row)
        else:
            listed.setdefault(row["number"], row)
    added = {_added_category(row): row["day"] for row in crossed if len(row["categories"]) > 1}
    dates = _dates(
        name,
        {number: row["day"] for number, row in listed.items()},
        latest["number"],
        rows[0]["day"],
        calendar,
    )
    return FakePaper(
        name,
        latest["title"],
        latest["abstract"],
        latest["authors"],
        [code for code in latest["categories"] if code not in added],
        comment=latest["comment"],
        licence=LICENCES[_fraction(name, len(LICENCES))],
        versions=[_version(number, day, listed.get(number), latest) for number, day in dates.items()],
        cross_listed=added,
    )


def _added_category(row: Row) -> str:
    """Which category a paper that is listed as new a second time was added to: the followed one, not its primary."""
    _, *others = row["categories"]
    wanted = row.get("list_category") or next(
        (code for code in ("eess.AS", "cs.SD") if code in others), others[-1]
    )
    return wanted if wanted in others else others[-1]


def _version(number: int, day: date, row: Row | None, latest: Row) -> Version:
    """Texts are the paper's own except where the list had others; the time of submission comes later."""
    own = row or latest
    words = f"{own['comment'] or ''} {own['abstract'][:200] if number > 1 else ''}".lower()
    different = {
        name: own[name] if row and own[name] != latest[name] else None
        for name in ("title", "abstract", "comment")
    }
    return Version(number, public_at(day), day, withdrawn=bool(row) and "withdrawn" in words, **different)


def _dates(
    name: str, known: dict[int, date], last: int, first_seen: date, calendar: Calendar
) -> dict[int, date]:
    """A listing day for every version up to `last`, rising; the unknown ones are spread over the time before."""
    known = dict(known)
    if 1 not in known:
        known[1] = _first_day(name, min([first_seen, *known.values()]), calendar)
    dates = {1: known[1]}
    for number in range(2, last + 1):
        later = min((n for n in known if n > number), default=None)
        day = known.get(number) or _between(
            dates[number - 1], known[later] if later else first_seen, calendar
        )
        dates[number] = max(day, dates[number - 1])
    return dates


def _first_day(name: str, before: date, calendar: Calendar) -> date:
    """A listing day in the month of the id, before a day."""
    digits = name.split("/")[-1]
    month = date(2000 + int(digits[:2]), int(digits[2:4]), 1)
    day = calendar.listing_day_after(month + _fraction(name, 26) * ONE_DAY)
    return day if day < before else calendar.listing_day_before(before)


def _between(after: date, before: date, calendar: Calendar) -> date:
    return calendar.listing_day_before(after + (before - after) / 2 + ONE_DAY)


def _with_times(papers: Sequence[FakePaper], calendar: Calendar) -> Iterator[FakePaper]:
    """Submission times: in the order of ids through each batch's window, to the second."""
    batches: dict[date, list[tuple[FakePaper, int]]] = defaultdict(list)
    for paper in papers:
        for index, version in enumerate(paper.versions):
            batches[version.announced].append((paper, index))
    for day, members in batches.items():
        first, end = calendar.window(day)
        for rank, (paper, index) in enumerate(members):
            share = (rank + _fraction(paper.arxiv_id, 100) / 100) / len(members)
            when = first + timedelta(seconds=int((end - first).total_seconds() * share))
            version = paper.versions[index]
            paper.versions[index] = _submitted(version, when)
    yield from papers


def _submitted(version: Version, when: datetime) -> Version:
    return Version(**{**vars(version), "submitted": when})


def _attach_files(papers: Sequence[FakePaper], data: Path) -> None:
    """Every paper gets a real PDF, every second one real HTML too, in turn."""
    pdfs, pages = sorted((data / "pdf").glob("*.pdf")), sorted((data / "html").glob("*.html"))
    turns = zip(papers, cycle(pdfs or [None]), strict=False)
    for paper, pdf in turns:
        paper.pdf = pdf
    for paper, page in zip(papers[::2], cycle(pages or [None]), strict=False):
        paper.html = page


def _fraction(name: str, of: int) -> int:
    """A number below `of` that only depends on the name."""
    return int.from_bytes(sha1(name.encode()).digest()[:4], "big") % of
