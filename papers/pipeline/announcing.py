"""What arXiv announced, row by row: who said it, as what, and what a later answer makes of it.

A listing (list, catch-up, OAI-PMH) speaks for its own category and decides the kind. RSS and the API
confirm what a listing said; alone they make a row only for an id that no listing has on that date.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Func, JSONField, Q, QuerySet, Value

from digest_site import clock
from papers import batches, ledger, taxonomy
from papers.harvest import Item
from papers.models import Announcement, Category, Paper

Kind = Announcement.Kind
LISTINGS = ledger.LISTINGS

Rows = dict[tuple[str, str], Announcement]
Held = dict[str, tuple[int, dt.datetime | None]]


def followed() -> list[str]:
    """The categories that any active digest follows."""
    return list(Category.objects.filter(followed=True).values_list("code", flat=True))


def announced_ids(day: dt.date, categories: Sequence[str]) -> set[str]:
    """Ids that arXiv announced on a date as new, cross-listed or late in any of these categories."""
    return set(announced_on(day, categories))


def announced_on(day: dt.date, categories: Sequence[str]) -> QuerySet[Announcement]:
    """The same as a query, for use inside another."""
    rows = Announcement.objects.filter(date=day, category__in=categories).exclude(kind=Kind.REPLACE)
    return rows.order_by().values_list("arxiv_id", flat=True)


def announce(source: str, items: Sequence[Item], day: dt.date, categories: Sequence[str]) -> int:
    """Upsert the announcements of one answer; how many (category, id) pairs were news.

    What only other sources had said before is news when a listing says it.
    """
    known: Rows = {
        (row.category, row.arxiv_id): row
        for row in Announcement.objects.filter(date=day, category__in=categories).order_by()
    }
    heard = {pair for pair, row in known.items() if source not in LISTINGS or row.listed}
    rows, seconded = _news(source, items, day, categories, known)
    changed = rows.keys() | seconded.keys()
    held = _held({arxiv_id for _, arxiv_id in changed}) if source in LISTINGS else {}
    _expect_versions(rows.values(), held)
    _write(rows.values())
    if seconded:
        _second(source, Announcement.objects.filter(pk__in=[row.pk for row in seconded.values()]))
    # A paper that we did not have cannot have been late.
    _refute_late([item for item in items if item.arxiv_id in held], day)
    return len(changed - heard)


def _news(
    source: str, items: Sequence[Item], day: dt.date, categories: Sequence[str], known: Rows
) -> tuple[Rows, Rows]:
    """Rows that are new or say something else now, and known rows that this source says again."""
    rows: Rows = {}
    seconded: Rows = {}
    for item in items:
        for code in _where(source, item, categories, known):
            pair = code, item.arxiv_id
            row = known.get(pair)
            if row is None or not _agrees(row, item):
                if row is None or not _says(row, source, item):
                    rows[pair] = _row(source, item, code, day, row)
            elif row.sources.get(source) != item.kind:
                seconded[pair] = row
    return rows, seconded


def _held(arxiv_ids: Iterable[str]) -> Held:
    """The papers that we have of these, by id: their version, and when that was submitted."""
    papers = Paper.objects.filter(arxiv_id__in=arxiv_ids).order_by()
    return {
        arxiv_id: (version, updated)
        for arxiv_id, version, updated in papers.values_list("arxiv_id", "version", "updated")
    }


def _where(source: str, item: Item, categories: Sequence[str], known: Rows) -> list[str]:
    """The categories in which an answer announces a paper."""
    if source in LISTINGS:
        return list(categories)
    if here := [code for code in categories if (code, item.arxiv_id) in known]:
        return here
    mine = {taxonomy.canonical(code) for code in item.categories}
    return [code for code in categories if code in mine] or list(categories[:1])


def _says(row: Announcement, source: str, item: Item) -> bool:
    """Whether the row has all of this already."""
    return row.sources.get(source) == item.kind and _is_of_version(row, item)


def _agrees(row: Announcement, item: Item) -> bool:
    """Whether the row says the same, whoever said it."""
    return row.kind == item.kind and _is_of_version(row, item)


def _is_of_version(row: Announcement, item: Item) -> bool:
    """Where none is printed, the first is meant."""
    return item.version in (None, row.version or 1)


def _row(source: str, item: Item, code: str, day: dt.date, known: Announcement | None) -> Announcement:
    row = known or Announcement(
        category=code, date=day, arxiv_id=item.arxiv_id, kind=item.kind, first_seen_at=clock.now()
    )
    row.sources = row.sources | {source: item.kind}
    row.version = item.version or row.version
    if source in LISTINGS:
        row.kind = item.kind
    return row


def _expect_versions(rows: Iterable[Announcement], held: Held) -> None:
    """A listing does not print which version replaces a paper: the one after what was known before it.

    An index that was faster than the listing may have told us already; its time of submission shows it.
    """
    for row in rows:
        if row.kind == Kind.REPLACE and row.version is None and row.arxiv_id in held:
            version, updated = held[row.arxiv_id]
            opened = _opened(row.date)
            is_there = updated is not None and opened is not None and updated >= opened
            row.version = version if is_there else version + 1


def _opened(day: dt.date) -> dt.datetime | None:
    """From when on submissions went into the date's batch; None for a date our calendar does not have."""
    return batches.submission_window(day)[0] if batches.is_announcement_day(day) else None


def _refute_late(items: Sequence[Item], day: dt.date) -> None:
    """A listing has the paper after all: it belongs to that date, and was late nowhere."""
    new = [item.arxiv_id for item in items if item.kind == Kind.NEW]
    announced = [item.arxiv_id for item in items if item.kind != Kind.REPLACE]
    if not announced:
        return
    anywhere, later = Q(arxiv_id__in=new), Q(arxiv_id__in=announced, date__gte=day)
    Announcement.objects.filter(anywhere | later, kind=Kind.LATE).delete()


def confirm(source: str, arxiv_ids: Iterable[str]) -> None:
    """A second source knows these ids: it says of each row what the row says."""
    rows = Announcement.objects.filter(arxiv_id__in=list(arxiv_ids)).exclude(sources__has_key=source)
    _second(source, rows)


def _second(source: str, rows: QuerySet[Announcement]) -> None:
    rows.update(sources=_Said(source))


class _Said(Func):
    """`sources` with the row's own kind as one more source's word; the database adds it, no row need be read."""

    sql = {
        "sqlite": "JSON_SET({sources}, '$.' || {name}, {kind})",
        "postgresql": "{sources} || JSONB_BUILD_OBJECT({name}::text, {kind})",
    }

    def __init__(self, source: str) -> None:
        super().__init__(F("sources"), Value(source), F("kind"), output_field=JSONField())

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        parts = [compiler.compile(part) for part in self.source_expressions]
        names = dict(zip(("sources", "name", "kind"), (sql for sql, _ in parts), strict=True))
        return self.sql[connection.vendor].format(**names), [one for _, params in parts for one in params]


def _write(rows: Iterable[Announcement]) -> None:
    """New rows in one statement; known ones in one for all that came to say the same, of which there are few."""
    new: list[Announcement] = []
    alike: dict[tuple[str, int | None, tuple[tuple[str, str], ...]], list[int]] = {}
    for row in rows:
        if row.pk is None:
            new.append(row)
        else:
            alike.setdefault((row.kind, row.version, tuple(sorted(row.sources.items()))), []).append(row.pk)
    if new:
        _insert(new)
    for (kind, version, sources), keys in alike.items():
        Announcement.objects.filter(pk__in=keys).update(kind=kind, version=version, sources=dict(sources))


def _insert(rows: Sequence[Announcement]) -> None:
    """Another process may have learned of the same papers in the meantime."""
    Announcement.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["category", "date", "arxiv_id"],
        update_fields=["sources", "version", "kind"],
        batch_size=300,
    )
