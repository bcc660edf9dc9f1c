"""Search: one function, two engines (SQLite's FTS5, PostgreSQL's tsvector) over the same tokens."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connection, transaction

from posts.search_tokens import Phrase, Query, facet_token, parse

FACETS = {"digest": "日报", "category": "分类", "tag": "标签", "author": "作者", "month": "月份"}
FACET_VALUES = 12
# Hits are read newest first and no further than this; facets count what was read.
MOST_HITS = 300
# Row ids are a month, YYYYMM, and the number in it (search_index.row_id).
A_MONTH = 100_000_000
# PostgreSQL looks among so many of the newest texts first, by the months they are from.
SLICE = 5_000
MOST_MONTHS = 36


@dataclass(frozen=True)
class Hits:
    """Ids of papers, newest first; `more` says there are older ones that were not read."""

    papers: list[int]
    more: bool = False
    facets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)


class Engine(Protocol):
    """What differs between databases."""

    # Whether SearchText.tokens must hold what was put, to drop it again.
    keeps_tokens: bool

    def find(self, query: Query, limit: int) -> list[tuple[int, Any]]:
        """(paper id, facets) of texts that match, newest first."""

    def put(self, rows: dict[int, str]) -> None:
        """Have these stored texts (row id -> tokens) found."""

    def drop(self, ids: list[int]) -> None:
        """Forget these rows; called before they change or go."""

    def analyse(self) -> None:
        """Tell the planner that the tables have grown."""


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

    keeps_tokens = True

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

    def analyse(self) -> None:
        rows_of("ANALYZE posts_searchtext")

    def _expression(self, query: Query) -> str:
        wanted = " AND ".join(map(self._phrase, query.wanted))
        unwanted = " OR ".join(map(self._phrase, query.unwanted))
        return f"({wanted}) NOT ({unwanted})" if unwanted else wanted

    def _phrase(self, phrase: Phrase) -> str:
        return f'"{" ".join(phrase.tokens)}"{" *" if phrase.is_prefix else ""}'


class Postgres:
    """https://www.postgresql.org/docs/current/datatype-textsearch.html

    Vectors and queries are written as literals: the parser of to_tsvector depends on the locale.
    The vectors have a narrow table of their own, so that even the many texts with a frequent word lie on
    few pages. Which texts have the words, the index knows; a vector itself is only read for the order of
    words, and only of the newest texts, because unpacking one costs more than finding a hundred.
    """

    keeps_tokens = False

    def find(self, query: Query, limit: int) -> list[tuple[int, Any]]:
        with transaction.atomic():
            # The planner thinks that looking into a vector costs nothing, and would read every one.
            rows_of("SET LOCAL enable_seqscan = off")
            ids = self._ids(query, limit)
        sql = "SELECT paper_id, facets::text FROM posts_searchtext WHERE id = ANY(%s) ORDER BY id DESC"
        return [(paper, json.loads(facets)) for paper, facets in rows_of(sql, ids)]

    def put(self, rows: dict[int, str]) -> None:
        vectors = [(pk, self._vector(pk, tokens.split())) for pk, tokens in rows.items()]
        with connection.cursor() as cursor:
            cursor.executemany(
                """INSERT INTO posts_search_vector (id, vector) VALUES (%s, %s::tsvector)
                   ON CONFLICT (id) DO UPDATE SET vector = excluded.vector""",
                vectors,
            )
            # What waits to be sorted into the index is read through by every search.
            cursor.execute("SELECT gin_clean_pending_list('posts_search_vector_words')")

    def drop(self, ids: list[int]) -> None:
        rows_of("DELETE FROM posts_search_vector WHERE id = ANY(%s)", ids)

    def analyse(self) -> None:
        rows_of("ANALYZE posts_searchtext, posts_search_vector")

    def _ids(self, query: Query, limit: int) -> list[int]:
        """The newest months first: frequent words fill the limit there, and all of them rarely lie elsewhere."""
        words, phrases = self._expression(query, " & "), self._expression(query, " <-> ")
        phrases = "" if phrases == words else phrases
        months = self._newest_months()
        found = self._matching(f"({months}) & {words}", phrases, limit) if months else []
        return found if len(found) == limit else self._matching(words, phrases, limit)

    def _matching(self, words: str, phrases: str, limit: int) -> list[int]:
        # `+ 0`: from the index on words, then sorted; not through the table in order of ids.
        sql = "SELECT id, vector FROM posts_search_vector WHERE vector @@ %s::tsquery ORDER BY id + 0 DESC"
        if not phrases:
            return [pk for pk, _ in rows_of(f"SELECT id, 0 FROM ({sql} LIMIT %s) AS newest", words, limit)]
        sql = f"SELECT id, 0 FROM ({sql} OFFSET 0) AS newest WHERE vector @@ %s::tsquery LIMIT %s"
        return [pk for pk, _ in rows_of(sql, words, phrases, limit)]

    def _newest_months(self) -> str:
        """The months of the newest texts, as an expression; empty where there are not so many texts."""
        newest = "SELECT id FROM posts_search_vector ORDER BY id DESC"
        rows = rows_of(f"({newest} LIMIT 1) UNION ALL ({newest} OFFSET %s LIMIT 1)", SLICE)
        if len(rows) < 2:
            return ""
        last, first = (pk // A_MONTH for (pk,) in rows)
        months = [month for month in range(first, last + 1) if 1 <= month % 100 <= 12]
        return " | ".join(f"'@{month}'" for month in months) if len(months) <= MOST_MONTHS else ""

    def _vector(self, pk: int, tokens: list[str]) -> str:
        """The tokens with their places, and the month: no text has a token with such a sign."""
        places: dict[str, list[str]] = {}
        for at, token in enumerate(tokens, 1):
            places.setdefault(token, []).append(str(at))
        month = f"'@{pk // A_MONTH}' "
        return month + " ".join(f"'{token}':{','.join(at)}" for token, at in places.items())

    def _expression(self, query: Query, joint: str) -> str:
        wanted = [self._phrase(phrase, joint) for phrase in query.wanted]
        unwanted = [f"!{self._phrase(phrase, ' <-> ')}" for phrase in query.unwanted]
        return " & ".join(wanted + unwanted)

    def _phrase(self, phrase: Phrase, joint: str) -> str:
        *first, last = (f"'{token}'" for token in phrase.tokens)
        return f"({joint.join([*first, last + (':*' if phrase.is_prefix else '')])})"
