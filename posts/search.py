"""Search: one function, two engines (SQLite's FTS5, PostgreSQL's tsvector) over the same tokens."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connection

from posts.search_tokens import Phrase, Query, facet_token, parse

FACETS = {"digest": "日报", "category": "分类", "tag": "标签", "author": "作者", "month": "月份"}
FACET_VALUES = 12
# Hits are read newest first and no further than this; facets count what was read.
MOST_HITS = 300


@dataclass(frozen=True)
class Hits:
    """Ids of papers, newest first; `more` says there are older ones that were not read."""

    papers: list[int]
    more: bool = False
    facets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


class Engine(Protocol):
    """What differs between databases."""

    def find(self, query: Query, limit: int) -> list[tuple[int, Any]]:
        """(paper id, facets) of texts that match, newest first."""

    def put(self, rows: dict[int, str]) -> None:
        """Have these stored texts (row id -> tokens) found."""

    def drop(self, ids: list[int]) -> None:
        """Forget these rows; called before they change or go."""


def search(text: str, filters: Mapping[str, str] | None = None) -> Hits:
    """Public papers that match `text` and every filter (facet -> value); any text is allowed."""
    query = parse(text)
    chosen = [Phrase((facet_token(kind, value),)) for kind, value in (filters or {}).items()]
    whole = Query((*query.wanted, *chosen), query.unwanted)
    if not whole.wanted:
        return Hits([])
    rows = engine().find(whole, MOST_HITS + 1)
    read = rows[:MOST_HITS]
    return Hits([paper for paper, _ in read], len(rows) > MOST_HITS, _count([facets for _, facets in read]))


def _count(found: list[dict[str, list[str]]]) -> dict[str, list[tuple[str, int]]]:
    counted = {kind: Counter(value for facets in found for value in facets[kind]) for kind in FACETS}
    top = {kind: counter.most_common(FACET_VALUES) for kind, counter in counted.items()}
    return top | {"month": sorted(counted["month"].items(), reverse=True)[:FACET_VALUES]}


def engine() -> Engine:
    return Postgres() if connection.vendor == "postgresql" else Sqlite()


def rows_of(sql: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


class Sqlite:
    """https://www.sqlite.org/fts5.html, an external content table over SearchText.tokens."""

    def find(self, query: Query, limit: int) -> list[tuple[int, Any]]:
        sql = """SELECT t.paper_id, t.facets FROM posts_search_fts f JOIN posts_searchtext t ON t.id = f.rowid
                 WHERE posts_search_fts MATCH %s ORDER BY f.rowid DESC LIMIT %s"""
        return [(paper, json.loads(facets)) for paper, facets in rows_of(sql, self._expression(query), limit)]

    def put(self, rows: dict[int, str]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO posts_search_fts(rowid, tokens) VALUES (%s, %s)", list(rows.items())
            )

    def drop(self, ids: list[int]) -> None:
        marks = ", ".join(["%s"] * len(ids))
        rows_of(
            "INSERT INTO posts_search_fts(posts_search_fts, rowid, tokens)"
            f" SELECT 'delete', id, tokens FROM posts_searchtext WHERE id IN ({marks})",
            *ids,
        )

    def _expression(self, query: Query) -> str:
        wanted = " AND ".join(map(self._phrase, query.wanted))
        unwanted = " OR ".join(map(self._phrase, query.unwanted))
        return f"({wanted}) NOT ({unwanted})" if unwanted else wanted

    def _phrase(self, phrase: Phrase) -> str:
        return f'"{" ".join(phrase.tokens)}"{" *" if phrase.is_prefix else ""}'


class Postgres:
    """https://www.postgresql.org/docs/current/datatype-textsearch.html

    Vectors and queries are written as literals: the parser of to_tsvector depends on the locale.
    """

    def find(self, query: Query, limit: int) -> list[tuple[int, Any]]:
        """The index finds texts with all the words; only the newest of them are read for their order.

        Asked for the phrase at once, PostgreSQL unpacks every text with the words before it sorts.
        """
        sql = """SELECT paper_id, facets FROM (
                   SELECT paper_id, facets, vector FROM posts_searchtext WHERE vector @@ %s::tsquery
                   ORDER BY id DESC OFFSET 0
                 ) AS newest WHERE vector @@ %s::tsquery LIMIT %s"""
        found = rows_of(sql, self._expression(query, " & "), self._expression(query, " <-> "), limit)
        return [
            (paper, facets if isinstance(facets, dict) else json.loads(facets)) for paper, facets in found
        ]

    def put(self, rows: dict[int, str]) -> None:
        vectors = [(self._vector(tokens.split()), pk) for pk, tokens in rows.items()]
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE posts_searchtext SET vector = %s::tsvector WHERE id = %s", vectors)

    def drop(self, ids: list[int]) -> None:
        """Nothing to do: the vector goes with its row."""

    def _vector(self, tokens: list[str]) -> str:
        places: dict[str, list[str]] = {}
        for at, token in enumerate(tokens, 1):
            places.setdefault(token, []).append(str(at))
        return " ".join(f"'{token}':{','.join(at)}" for token, at in places.items())

    def _expression(self, query: Query, joint: str) -> str:
        wanted = [self._phrase(phrase, joint) for phrase in query.wanted]
        unwanted = [f"!{self._phrase(phrase, ' <-> ')}" for phrase in query.unwanted]
        return " & ".join(wanted + unwanted)

    def _phrase(self, phrase: Phrase, joint: str) -> str:
        *first, last = (f"'{token}'" for token in phrase.tokens)
        return f"({joint.join([*first, last + (':*' if phrase.is_prefix else '')])})"
