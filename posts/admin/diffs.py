"""What changed between two texts, by paragraph and then by character inside changed ones."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers.admin.html import joined as together

# Above this many characters a changed block is compared with difflib's shortcut: slower is not better to read.
EXACT = 1500
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


def marked(old: str, new: str) -> SafeString:
    """HTML with <del> and <ins>; empty when nothing changed. The texts are escaped."""
    if old == new:
        return SafeString("")
    pieces = [_piece(kind, words) for kind, words in joined(changes(old, new))]
    return together(pieces)


def _piece(kind: str, words: str) -> SafeString:
    if kind == "same":
        return format_html("{}", words)
    return format_html("<{0}>{1}</{0}>", SafeString("del" if kind == "gone" else "ins"), words)


def changes(old: str, new: str) -> Iterator[tuple[str, str]]:
    """(same, gone or come; the words) in reading order."""
    before, after = _LINES.findall(old), _LINES.findall(new)
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = "".join(before[i1:i2]), "".join(after[j1:j2])
        if tag == "equal":
            yield "same", gone
        else:
            yield from _by_character(gone, come)


def _by_character(old: str, new: str) -> Iterator[tuple[str, str]]:
    long = max(len(old), len(new)) > EXACT
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=long).get_opcodes():
        if tag == "equal":
            yield "same", old[i1:i2]
            continue
        yield "gone", old[i1:i2]
        yield "come", new[j1:j2]


def joined(pieces: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one kind as one, empty ones left out."""
    found: list[tuple[str, str]] = []
    for kind, words in pieces:
        if words and found and found[-1][0] == kind:
            found[-1] = (kind, found[-1][1] + words)
        elif words:
            found.append((kind, words))
    return found
