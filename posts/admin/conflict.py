"""Two people's texts from one base, side by side, with a merged one to go on with."""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from papers.models import Summary
from papers.pipeline.edits import texts_of

from . import diffs, merging
from .problems import PARTS
from .typed import Typed
from .verbs import person_name


@dataclass(frozen=True)
class Side:
    """One part of the text: mine, theirs, what differs, and whether they could be put together."""

    name: str
    label: str
    mine: str
    theirs: str
    diff: SafeString
    merged: str | None

    @property
    def differs(self) -> bool:
        return self.mine != self.theirs


@dataclass(frozen=True)
class Conflict:
    """`text` is what the form goes on with: merged where that was possible, mine where it was not."""

    who: str
    sides: list[Side]
    text: dict[str, str]
    only_theirs: bool

    @property
    def unmerged(self) -> list[Side]:
        return [side for side in self.sides if side.merged is None]


def compare(summary: Summary, typed: Typed) -> Conflict:
    theirs = texts_of(summary.current)
    base = texts_of(typed.base)
    sides = [
        Side(
            name,
            label,
            typed.text[name],
            theirs[name],
            diffs.marked(theirs[name], typed.text[name]),
            merging.merge(base[name], typed.text[name], theirs[name]),
        )
        for name, label in PARTS.items()
    ]
    text = {side.name: side.mine if side.merged is None else side.merged for side in sides}
    author = summary.current.author if summary.current else None
    return Conflict(person_name(author), sides, text, typed.is_unchanged)
