"""What a page shows of one paper, gathered for a whole page in a constant number of queries."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from urllib.parse import urlencode

from django.contrib.contenttypes.models import ContentType
from taggit.models import TaggedItem

from papers import sentences, taxonomy
from papers.models import Paper, Revision, Summary
from papers.models.paper import ARXIV
from posts import addresses, citing, rendered, rendering
from posts.citing import author_names
from posts.models import Entry, Rendered
from posts.names import public_name

FOLD_AUTHORS_AFTER = 12
HAN = re.compile(f"[{sentences.HAN}]")


@dataclass(frozen=True)
class Chip:
    """A category as a page shows it."""

    code: str
    name: str
    url: str


@lru_cache(maxsize=1000)
def chip(code: str) -> Chip:
    known = taxonomy.category(code)
    return Chip(code, known.name_zh if known else "", addresses.category(code))


@dataclass(frozen=True)
class Version:
    """A version on arXiv; `date` is None where we were never told it. `is_ours`: translated from this one."""

    number: int
    date: dt.date | None
    url: str
    is_ours: bool


@dataclass(frozen=True)
class Topic:
    """A topic tag as a page shows it."""

    name: str
    url: str


def topics_of(papers: Iterable[int]) -> dict[int, list[Topic]]:
    """The topic tags of these papers, by one query."""
    rows = TaggedItem.objects.filter(
        content_type=ContentType.objects.get_for_model(Paper), object_id__in=list(papers)
    )
    found: dict[int, list[Topic]] = {}
    for paper, name in rows.order_by("tag__name").values_list("object_id", "tag__name"):
        found.setdefault(paper, []).append(Topic(name, addresses.tag(name)))
    return found


@dataclass
class Card:
    """A paper, the revision shown of it and that revision's HTML."""

    paper: Paper
    summary: Summary
    revision: Revision
    html: Rendered
    topics: list[Topic] = field(default_factory=list)
    entry: Entry | None = None
    number: int = 0

    @property
    def url(self) -> str:
        return addresses.paper(self.paper.arxiv_id)

    @cached_property
    def has_chinese_title(self) -> bool:
        """False for papers of the old site, whose posts had English headings only."""
        return HAN.search(self.revision.title) is not None

    @cached_property
    def plain_title(self) -> str:
        """The Chinese title as a line of text: formulae without their TeX delimiters."""
        return rendering.plain(self.revision.title)

    @cached_property
    def plain_abstract(self) -> str:
        return rendering.plain(self.revision.abstract)

    @property
    def bibtex_url(self) -> str:
        return self.url.removesuffix("/") + ".bib"

    @cached_property
    def authors(self) -> list[str]:
        return author_names(self.paper)

    @property
    def first_authors(self) -> list[str]:
        return self.authors[:FOLD_AUTHORS_AFTER]

    @property
    def other_authors(self) -> list[str]:
        return self.authors[FOLD_AUTHORS_AFTER:]

    @cached_property
    def categories(self) -> list[Chip]:
        return [chip(code) for code in self.paper.categories]

    @property
    def version(self) -> int:
        """The version of the paper that was translated and read."""
        return self.revision.paper_version

    @cached_property
    def versions(self) -> list[Version]:
        """The versions we know of, oldest first; the first, ours and the latest are always among them."""
        paper = self.paper
        dates = dict.fromkeys((1, self.version, paper.version))
        known = [(1, paper.submitted), (paper.version, paper.updated)]
        dates |= {number: at.date() for number, at in known if at}
        dates |= {
            row["version"]: dt.datetime.fromisoformat(row["submitted"]).date()
            for row in paper.versions
            if "submitted" in row
        }
        abs_url = f"{ARXIV}/abs/{paper.arxiv_id}"
        return [
            Version(number, dates[number], f"{abs_url}v{number}", number == self.version)
            for number in sorted(dates)
        ]

    @property
    def abs_url(self) -> str:
        return f"{ARXIV}/abs/{self.paper.arxiv_id}v{self.version}"

    @property
    def pdf_url(self) -> str:
        return f"{ARXIV}/pdf/{self.paper.arxiv_id}v{self.version}"

    @property
    def html_url(self) -> str:
        """arXiv's own HTML; it exists for papers since the new identifiers."""
        return "" if "/" in self.paper.arxiv_id else f"{ARXIV}/html/{self.paper.arxiv_id}v{self.version}"

    @property
    def coins(self) -> str:
        """An OpenURL context object, by which reference managers read a list (COinS)."""
        fields = [
            ("ctx_ver", "Z39.88-2004"),
            ("rft_val_fmt", "info:ofi/fmt:kev:mtx:journal"),
            ("rft.genre", "preprint"),
            ("rft.atitle", self.paper.title),
            ("rft.jtitle", f"arXiv:{self.paper.arxiv_id}"),
            ("rft.date", f"{self.paper.submitted:%Y-%m-%d}" if self.paper.submitted else ""),
            ("rft_id", self.abs_url),
            *(("rft.au", name) for name in self.first_authors),
        ]
        return urlencode([(name, value) for name, value in fields if value])

    @property
    def bibtex(self) -> str:
        return citing.bibtex(self.paper)

    @property
    def citation(self) -> str:
        """A line for a list of references, after GB/T 7714."""
        return citing.gb7714(self.paper)

    @property
    def reviewer(self) -> str:
        """Who approved the text that is shown, empty for a machine's text nobody has approved yet."""
        if not self.is_reviewed:
            return ""
        return public_name(self.summary.reviewed_by)

    @property
    def is_reviewed(self) -> bool:
        return self.summary.is_reviewed and self.revision.pk == self.summary.public_id

    @property
    def is_outdated(self) -> bool:
        """arXiv changed the words in a newer version, and the new text waits for review."""
        changed = [row.get("version", 0) for row in self.paper.versions if "abstract" in row]
        is_waiting = self.summary.status == Summary.Status.NEEDS_REVIEW
        return is_waiting and any(number >= self.version for number in changed)


def of_entries(entries: Iterable[Entry], *, draft: bool = False) -> list[Card]:
    """Cards of entries loaded by `with_texts`, numbered; with `draft` of their newest texts."""
    shown = [(entry, _revision(entry.paper.summary, draft)) for entry in entries]
    shown = [(entry, revision) for entry, revision in shown if revision is not None]
    html = rendered.of((entry.paper, revision) for entry, revision in shown)
    topics = topics_of(entry.paper_id for entry, _ in shown)
    return [
        Card(
            entry.paper,
            entry.paper.summary,
            revision,
            html[revision.pk],
            topics.get(entry.paper_id, []),
            entry,
            number,
        )
        for number, (entry, revision) in enumerate(shown, 1)
    ]


def _revision(summary: Summary, draft: bool) -> Revision | None:
    return summary.current if draft else summary.public
