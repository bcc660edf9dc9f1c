"""arXiv's query language, as far as the fake answers it.

https://info.arxiv.org/help/api/user-manual.html : prefixes ti au abs co jr cat id all, AND, OR, ANDNOT,
parentheses, "phrases", `cat:cs.*`, `submittedDate:[YYYYMMDDHHMM TO YYYYMMDDHHMM]` (GMT, of version 1).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from tests.fakes import arxiv_taxonomy as taxonomy
from tests.fakes.arxiv_world import FakePaper, Version, World, public_at

Matches = Callable[[FakePaper, Version], bool]
_TOKEN = re.compile(r'\(|\)|\w+:\[[^\]]*\]|\w+:"[^"]*"|"[^"]*"|[^\s()]+')
_RANGE = re.compile(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]")
_FIELDS = {"ti": "title", "abs": "abstract", "co": "comment"}


class BadQuery(ValueError):
    """What arXiv answers with an error feed; the message is the feed's summary."""


@dataclass(frozen=True)
class Query:
    """A predicate, and bounds on v1's submission that hold for every paper it can match."""

    matches: Matches
    first: datetime | None = None
    last: datetime | None = None


def run(world: World, text: str, extra_lag: float = 0) -> list[tuple[FakePaper, Version]]:
    """Every indexed paper that matches, with its indexed version, unsorted."""
    query = parse(text, world)
    found = []
    for paper in world.submitted_between(query.first, query.last):
        version = world.indexed_version(paper, extra_lag)
        if version is not None and query.matches(paper, version):
            found.append((paper, version))
    return found


def parse(text: str, world: World) -> Query:
    """Read a `search_query`. BadQuery when brackets or operators do not fit."""
    tokens = _TOKEN.findall(text)
    reader = _Reader(tokens, world)
    query = reader.alternatives()
    if reader.rest:
        raise BadQuery(f"unexpected {reader.rest[0]} in search_query")
    return query


class _Reader:
    """Recursive descent; AND and ANDNOT bind tighter than OR, words side by side are OR."""

    def __init__(self, tokens: list[str], world: World) -> None:
        self.rest = tokens
        self.world = world

    def alternatives(self) -> Query:
        parts = [self.conjunction()]
        while self.rest and self.rest[0] != ")":
            if self.rest[0] == "OR":
                self.rest = self.rest[1:]
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else _any(parts)

    def conjunction(self) -> Query:
        query = self.factor()
        while self.rest and self.rest[0] in ("AND", "ANDNOT"):
            operator, self.rest = self.rest[0], self.rest[1:]
            other = self.factor()
            query = _both(query, other) if operator == "AND" else _without(query, other)
        return query

    def factor(self) -> Query:
        if not self.rest or self.rest[0] in (")", "AND", "OR", "ANDNOT"):
            raise BadQuery("search_query is malformed")
        token, self.rest = self.rest[0], self.rest[1:]
        if token != "(":
            return _term(token, self.world)
        query = self.alternatives()
        if not self.rest:
            raise BadQuery("search_query has an open parenthesis")
        self.rest = self.rest[1:]
        return query


def _any(parts: list[Query]) -> Query:
    return Query(lambda paper, version: any(part.matches(paper, version) for part in parts))


def _both(one: Query, other: Query) -> Query:
    firsts = [part.first for part in (one, other) if part.first]
    lasts = [part.last for part in (one, other) if part.last]
    return Query(
        lambda paper, version: one.matches(paper, version) and other.matches(paper, version),
        max(firsts) if firsts else None,
        min(lasts) if lasts else None,
    )


def _without(one: Query, other: Query) -> Query:
    return Query(
        lambda paper, version: one.matches(paper, version) and not other.matches(paper, version),
        one.first,
        one.last,
    )


def _term(token: str, world: World) -> Query:
    prefix, colon, value = token.partition(":")
    if not colon or prefix not in _TERMS:
        return Query(_all(token.strip('"')))
    return _TERMS[prefix](value.strip('"'), world)


def _category(value: str, world: World) -> Query:
    def matches(paper: FakePaper, version: Version) -> bool:
        return any(fnmatchcase(code, value) for code in indexed_categories(paper, world))

    return Query(matches)


def indexed_categories(paper: FakePaper, world: World) -> list[str]:
    """Codes under both names, later cross-lists once the index has them."""
    now = world.now()
    codes = [*paper.categories, *(c for c, day in paper.cross_listed.items() if public_at(day) <= now)]
    return [name for code in codes for name in taxonomy.both_names(code)]


def _submitted(value: str, world: World) -> Query:
    first, last = _range(value)
    return Query(lambda paper, version: first <= paper.versions[0].submitted <= last, first, last)


def _updated(value: str, world: World) -> Query:
    first, last = _range(value)
    return Query(lambda paper, version: first <= version.submitted <= last)


def _range(value: str) -> tuple[datetime, datetime]:
    found = _RANGE.fullmatch(value) or re.fullmatch(r"(\d+) TO (\d+)", value)
    if not found:
        raise BadQuery(f"malformed date range {value}")
    return _minute(found[1], first=True), _minute(found[2], first=False)


def _minute(digits: str, first: bool) -> datetime:
    """A bound; one of day or hour precision means the whole day or hour."""
    full = "000000" if first else "235959"
    padded = (digits + full[len(digits) - 8 :]) if 8 <= len(digits) <= 14 else ""
    try:
        return datetime.strptime(padded, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise BadQuery(f"malformed date {digits}") from None


def _id(value: str, world: World) -> Query:
    return Query(lambda paper, version: paper.arxiv_id == re.sub(r"v\d+$", "", value))


def _author(value: str, world: World) -> Query:
    words = value.replace("_", " ").lower().split()
    return Query(lambda paper, version: _holds(" ".join(paper.authors_of(version)), words))


def _field(name: str) -> Callable[[str, World], Query]:
    def term(value: str, world: World) -> Query:
        words = value.lower().split()
        return Query(lambda paper, version: _holds(paper.text(version, name) or "", words))

    return term


def _journal(value: str, world: World) -> Query:
    return Query(lambda paper, version: _holds(paper.journal or "", value.lower().split()))


def _all(value: str) -> Matches:
    words = value.lower().split()

    def matches(paper: FakePaper, version: Version) -> bool:
        fields = [paper.text(version, name) or "" for name in _FIELDS.values()]
        return _holds(" ".join([*fields, *paper.authors_of(version), *paper.categories]), words)

    return matches


def _holds(text: str, words: list[str]) -> bool:
    lowered = text.lower()
    return all(word.rstrip("*") in lowered for word in words)


_TERMS: dict[str, Callable[[str, World], Query]] = {
    "cat": _category,
    "submittedDate": _submitted,
    "lastUpdatedDate": _updated,
    "id": _id,
    "au": _author,
    "jr": _journal,
    "all": lambda value, world: Query(_all(value)),
    **{prefix: _field(name) for prefix, name in _FIELDS.items()},
}
