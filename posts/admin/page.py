"""Everything the desk shows of one text, gathered in a constant number of queries."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from papers import terms
from papers.models import Finding, ReviewEvent, Revision, Sitting, Summary
from papers.pipeline.edits import check_revision, known_terms, texts_of
from posts import rendering
from posts.models import Entry, Report

from . import aligned, diffs, problems, source
from .moves import buttons
from .typed import PARTS
from .verbs import person_name, timeline

RENDERERS = {
    "title": rendering.title_html,
    "abstract": rendering.abstract_html,
    "reading": rendering.to_html,
}


@dataclass(frozen=True)
class Part:
    """One tab: the words as typed, as a reader will see them, and what differs from the machine's."""

    name: str
    label: str
    words: str
    html: SafeString
    diff: SafeString
    has_machine: bool
    public_diff: SafeString


@dataclass
class View:
    """What follows from a text alone; made again whenever an editor stops typing."""

    parts: list[Part]
    rows: list[aligned.Row]
    problems: list[problems.Problem]
    terms: list["TermLine"]

    @property
    def is_empty(self) -> bool:
        """Nobody has translated anything yet: there is nothing that could lack a partner."""
        return not any(part.words.strip() for part in self.parts[:2])

    @property
    def open_problems(self) -> list[problems.Problem]:
        return [one for one in self.problems if not one.dismissed]

    @property
    def dismissed_problems(self) -> list[problems.Problem]:
        return [one for one in self.problems if one.dismissed]


@dataclass(frozen=True)
class TermLine:
    """A term of this text: how we translate it, and whether the Chinese text does."""

    english: str
    preferred: str
    others: str
    forbidden: str
    is_kept: bool


@dataclass
class Material:
    """What the desk reads from the database about one text."""

    summary: Summary
    revisions: list[Revision]
    known: terms.TermMatcher
    machine: dict[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        self.machine = machine_texts(self.revisions)


def material(summary: Summary) -> Material:
    revisions = list(summary.revisions.select_related("author", "base").order_by("pk"))
    return Material(summary, revisions, terms.TermMatcher(known_terms()))


def machine_texts(revisions: list[Revision]) -> dict[str, str | None]:
    """Per part the newest words that the machine itself wrote; None where it wrote none.

    A machine's revision also carries what people wrote before it in other parts: that is not its own.
    """
    found: dict[str, str | None] = dict.fromkeys(PARTS)
    for revision in revisions:
        before = texts_of(revision.base)
        if revision.by_machine:
            own = {part: words for part, words in revision.text.items() if words and words != before[part]}
            found |= own
    return found


def view(stuff: Material, text: dict[str, str], findings: list[Finding] | None, dismissed: set[str]) -> View:
    """`findings` are the stored ones of exactly this text; without them the checks run."""
    paper = stuff.summary.paper
    rows = aligned.rows(paper.abstract, text["abstract"])
    if findings is not None:
        found = problems.stored(findings, text, rows)
    else:
        unsaved = Revision(summary=stuff.summary, paper_version=paper.version, **text)
        found = problems.live(check_revision(unsaved, stuff.known), text, rows, dismissed)
    return View(_parts(stuff, text), rows, found, _terms(stuff, text))


def _parts(stuff: Material, text: dict[str, str]) -> list[Part]:
    public = stuff.summary.public.text if stuff.summary.public else None
    return [
        Part(
            name,
            problems.PARTS[name],
            text[name],
            # The renderer's allowlist is its last step: what it returns is safe.
            mark_safe(RENDERERS[name](text[name])) if text[name] else SafeString(""),
            diffs.marked(stuff.machine[name] or "", text[name]) if stuff.machine[name] else SafeString(""),
            stuff.machine[name] is not None,
            diffs.marked(public[name], text[name]) if public else SafeString(""),
        )
        for name in PARTS
    ]


def _terms(stuff: Material, text: dict[str, str]) -> list[TermLine]:
    paper = stuff.summary.paper
    chinese = f"{text['title']}\n{text['abstract']}".lower()
    return [
        TermLine(
            term.english,
            term.chinese or term.english,
            "、".join(term.accepted[1:]),
            "、".join(term.forbidden),
            any(word.lower() in chinese for word in (*term.accepted, term.english)),
        )
        for term in stuff.known.occurring(f"{paper.title}\n{paper.abstract}", limit=30)
    ]


def context(stuff: Material, user: Any, sitting: Sitting | None) -> dict[str, Any]:
    """What stands around the text: the paper, its days, reports, the log, who else is here."""
    summary = stuff.summary
    paper = summary.paper
    others = Sitting.objects.present().filter(summary=summary).exclude(user=user)
    return {
        "summary": summary,
        "paper": paper,
        "authors": [one["name"] if isinstance(one, dict) else str(one) for one in paper.authors],
        "english_title": mark_safe(rendering.title_html(paper.title)),
        "full_text": paper.full_texts.defer("text").first(),
        "entries": list(Entry.objects.filter(paper=paper).select_related("post__digest")),
        "reports": list(Report.objects.filter(paper=paper, settled_at=None)),
        "events": timeline(ReviewEvent.of(summary)),
        "revisions": list(reversed(stuff.revisions)),
        "others": [person_name(one.user) for one in others],
        "buttons": buttons(summary, user),
        "may_edit": user.has_perm("papers.change_summary") and summary.status != Summary.Status.REJECTED,
        "may_add_terms": user.has_perm("papers.add_term"),
        "may_settle": user.has_perm("posts.change_report"),
        "source": source.change(summary),
        "is_behind": summary.current is not None and summary.current.paper_version < paper.version,
        "sitting": sitting,
    }
