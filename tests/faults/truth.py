"""What must be true after every fault: one function, `Truth.check`, for all of them.

The day is complete, every paper is in it once, every request that was paid for is counted once, and what was public
is public still, with the same text.
"""

import datetime as dt
import time
from collections import Counter

from tests.fakes.model import FakeModel
from tests.fakes.model_faults import REJECTIONS
from tests.faults.components import AWAY, Components

GIVE_UP_AFTER = 120.0
PUBLIC = """SELECT a.arxiv_id, s.public_id FROM posts_entry e JOIN posts_dailypost p ON p.id = e.post_id
    JOIN papers_paper a ON a.id = e.paper_id JOIN papers_summary s ON s.paper_id = a.id
    JOIN papers_revision r ON r.id = s.public_id
    WHERE p.status = 'published' AND e.held = '' AND r.reading <> ''"""
# A person has what the machine cannot do: a refusal, a text with a finding that blocks it, a file that is too large.
PEOPLE_S = """SELECT a.arxiv_id, s.id FROM posts_entry e JOIN posts_dailypost p ON p.id = e.post_id
    JOIN papers_paper a ON a.id = e.paper_id JOIN papers_summary s ON s.paper_id = a.id
    LEFT JOIN papers_job j ON j.subject = a.arxiv_id AND j.kind IN ('fulltext', 'analyse')
    WHERE (s.status = 'manual' OR s.status = 'needs_review' AND s.worst = 'block' OR j.state = 'dead')"""
OF_DAY = " AND p.date = ?"


class Truth:
    """Reads the tables of `components`, and what `model` was asked."""

    def __init__(self, components: Components, model: FakeModel) -> None:
        self.components = components
        self.model = model
        self.public: dict[str, int] = {}

    def wait(self, day: dt.date, papers: set[str], patience: float = GIVE_UP_AFTER) -> None:
        """Until the day is complete, or patience is over."""
        until = time.monotonic() + patience
        while not self.is_complete(day, papers) and time.monotonic() < until:
            time.sleep(0.1)

    def is_complete(self, day: dt.date, papers: set[str]) -> bool:
        """Whether each paper of the day is public with its reading, or a person's; and no work is left."""
        try:
            return set(self.public_of(day)) | self.people_s(day) == papers and not self.left(papers)
        except AWAY:
            return False

    def public_of(self, day: dt.date) -> dict[str, int]:
        return dict(self.components.sql(PUBLIC + OF_DAY, f"{day:%F}"))

    def people_s(self, day: dt.date) -> set[str]:
        return {arxiv_id for arxiv_id, _ in self.components.sql(PEOPLE_S + OF_DAY, f"{day:%F}")}

    def left(self, papers: set[str]) -> list[tuple[str, str]]:
        """Work on these papers that is not ended."""
        rows = self.components.sql("SELECT subject, kind FROM papers_job WHERE state NOT IN ('done', 'dead')")
        return [row for row in rows if row[0] in papers]

    def check(self, day: dt.date, papers: set[str], *, cut_off: int = 0, people: int = 0) -> None:
        """All of it, of a day whose announced papers these are.

        `cut_off`: how many calls of a paper may have been lost with their process; `people`: how many papers at
        most may be left to a person.
        """
        assert self.is_complete(day, papers), self.state(day)
        assert len(self.people_s(day)) <= people, self.state(day)
        entries = self._entries(day)
        assert sorted(arxiv_id for arxiv_id, _ in entries) == sorted(papers), (
            "a paper is missing, or there twice"
        )
        self._check_calls(dict(entries), cut_off)
        self.check_public()

    def check_public(self) -> None:
        """Nothing that was public is lost, and none of it reads differently."""
        public = dict(self.components.sql(PUBLIC))
        assert self.public.items() <= public.items(), "what was public is not any more"
        self.public = public

    def _entries(self, day: dt.date) -> list[tuple[str, str]]:
        """(arXiv id, title) of each entry of the day, as often as it is there."""
        return self.components.sql(
            "SELECT a.arxiv_id, a.title FROM posts_entry e JOIN posts_dailypost p ON p.id = e.post_id"
            " JOIN papers_paper a ON a.id = e.paper_id WHERE p.date = ?",
            f"{day:%F}",
        )

    def _check_calls(self, titles: dict[str, str], cut_off: int) -> None:
        """Each request that reached the model has a row of its own with a price; only faults cost more than two."""
        ids = {key_of(title): arxiv_id for arxiv_id, title in titles.items()}
        assert len(ids) == len(titles), "the papers of a day begin alike"
        calls = [call for call in list(self.model.calls) if call.behaviour not in REJECTIONS]
        asked = Counter(ids.get(key_of(call.paper)) for call in calls)
        spoilt = Counter(ids.get(key_of(call.paper)) for call in calls if call.behaviour != "ok")
        rows = self.components.sql(
            "SELECT p.arxiv_id, c.key, COALESCE(c.price, c.reserved) FROM papers_llmcall c"
            " JOIN papers_paper p ON p.id = c.paper_id"
        )
        written = Counter(arxiv_id for arxiv_id, *_ in rows)
        assert len({key for _, key, _ in rows}) == len(rows)
        assert not [key for _, key, price in rows if price is None], "a call without a price"
        for paper in titles:
            # A spoilt reply may cost another question about what is wrong with it.
            most = asked[paper] + cut_off, 2 + cut_off + 2 * spoilt[paper]
            assert asked[paper] <= written[paper] <= min(most), (paper, asked, written, spoilt)

    def state(self, day: dt.date) -> str:
        """For a failed test: what is left."""
        sql = self.components.sql
        left = sql(
            "SELECT kind, subject, state, attempts, strikes, error_class, reason FROM papers_job WHERE state <> 'done'"
        )
        texts = sql(
            "SELECT s.status, s.worst, s.public_id, a.arxiv_id FROM papers_summary s JOIN papers_paper a ON"
            " a.id = s.paper_id JOIN posts_entry e ON e.paper_id = a.id JOIN posts_dailypost p ON p.id = e.post_id"
            " WHERE p.date = ?",
            f"{day:%F}",
        )
        posts = sql("SELECT date, status, fetched FROM posts_dailypost ORDER BY date DESC LIMIT 3")
        return f"{day}\nleft: {left}\ntexts: {texts}\nposts: {posts}"


def key_of(title: str) -> str:
    return title.partition(":")[0]
