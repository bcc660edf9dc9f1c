"""What an editor typed: the form of the desk, read and cleaned."""

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from papers.models import Revision, Summary
from papers.pipeline.edits import texts_of
from posts.rendering.characters import printable

PARTS = ("title", "abstract", "reading")
LONGEST = 200_000
MOST_DISMISSED = 200


class TooLong(ValueError):
    """More than any text of ours: somebody pasted a book."""


@dataclass(frozen=True)
class Typed:
    """A text that started from `base` (None: from nothing), and what came with it."""

    text: dict[str, str]
    base: Revision | None
    note: str = ""
    dismissed: list[str] = field(default_factory=list)
    despite: bool = False
    settle: bool = False

    @property
    def is_unchanged(self) -> bool:
        return self.text == texts_of(self.base)


def read(data: QueryDict, summary: Summary) -> Typed:
    """The form's text; a part that only lost invisible characters on its way is the base's own."""
    base = _base(data.get("base", ""), summary)
    before = texts_of(base)
    text = {part: _part(data.get(part), before[part], part) for part in PARTS}
    return Typed(
        text=text,
        base=base,
        note=printable(data.get("note", "")).strip()[:2000],
        dismissed=[one for one in data.get("dismissed", "").split(",") if one][:MOST_DISMISSED],
        despite=data.get("despite") == "1",
        settle=data.get("settle") == "1",
    )


def _base(pk: str, summary: Summary) -> Revision | None:
    """Revisions of other papers are nobody's base here."""
    return summary.revisions.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None


def _part(value: str | None, before: str, part: str) -> str:
    if value is None:
        return before
    if len(value) > LONGEST:
        raise TooLong(f"文字太长，没有保存：每栏至多 {LONGEST // 10_000} 万字")
    new = _tidy(value, part)
    return before if new == _tidy(before, part) else new


def _tidy(value: str, part: str) -> str:
    text = printable(value)
    return " ".join(text.split()) if part == "title" else text.strip()


def as_draft(typed: Typed) -> dict[str, Any] | None:
    """What is worth keeping as a draft: nothing where nothing was changed."""
    return None if typed.is_unchanged else dict(typed.text)
