"""When arXiv changed title or abstract: the words that the older Chinese text was made from, and those of today."""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from papers.models import Revision, Summary

from . import diffs
from .problems import PARTS


@dataclass(frozen=True)
class Words:
    """A part of the paper then and now, what differs, and the Chinese that was made from it then."""

    name: str
    label: str
    then: str
    now: str
    diff: SafeString
    chinese: str


@dataclass(frozen=True)
class Change:
    """`text` is the older one: what the public sees, or what somebody wrote before arXiv's new version."""

    text: Revision
    is_public: bool
    parts: list[Words]


def change(summary: Summary) -> Change | None:
    """None where the words are still those that the text was made from."""
    text, paper = summary.public or summary.current, summary.paper
    if text is None:
        return None
    title, abstract = paper.words_at(text.paper_version, text.made_at)
    pairs = {"title": (title, paper.title), "abstract": (abstract, paper.abstract)}
    parts = [
        Words(name, PARTS[name], then, now, diffs.marked(then, now), text.text[name])
        for name, (then, now) in pairs.items()
        if then != now
    ]
    return Change(text, summary.public is not None, parts) if parts else None
