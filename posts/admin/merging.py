"""Two people's changes of one text, put together where they touched different sentences."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_SENTENCES = re.compile(r"[^。！？\n]*[。！？\n]+|[^。！？\n]+")


@dataclass(frozen=True)
class Edit:
    """Sentences `start` to `end` of the base became `new`."""

    start: int
    end: int
    new: tuple[str, ...]

    def clashes(self, other: "Edit") -> bool:
        """Whether both touch a sentence, or both insert at one place."""
        if self == other:
            return False
        if self.start == self.end or other.start == other.end:
            return self.start <= other.end and other.start <= self.end
        return self.start < other.end and other.start < self.end


def merge(base: str, mine: str, theirs: str) -> str | None:
    """The text with both people's changes, or None where they changed the same sentence differently."""
    if mine in (base, theirs):
        return theirs
    if theirs == base:
        return mine
    sentences = _SENTENCES.findall(base)
    ours, others = _edits(sentences, mine), _edits(sentences, theirs)
    if any(one.clashes(other) for one in ours for other in others):
        return None
    for edit in sorted({*ours, *others}, key=lambda edit: (edit.start, edit.end), reverse=True):
        sentences[edit.start : edit.end] = edit.new
    return "".join(sentences)


def _edits(base: list[str], text: str) -> list[Edit]:
    new = _SENTENCES.findall(text)
    codes = SequenceMatcher(None, base, new, autojunk=False).get_opcodes()
    return [Edit(i1, i2, tuple(new[j1:j2])) for tag, i1, i2, j1, j2 in codes if tag != "equal"]
