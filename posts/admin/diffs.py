"""What changed between two texts, by paragraph and then by character inside changed ones."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from os.path import commonprefix

from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers.admin.html import joined as together

# Above this many characters or words a changed block is compared with difflib's shortcut: slower is not better to read.
EXACT = 1500
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_SIGNS = re.compile(r"[A-Za-z]+|[0-9]+(?:\.[0-9]+)*|.", re.DOTALL)


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
    """Han characters one by one, numbers and Latin words as wholes unless letters only came or went."""
    before, after = _SIGNS.findall(old), _SIGNS.findall(new)
    long = max(len(before), len(after)) > EXACT
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=long).get_opcodes():
        gone, come = "".join(before[i1:i2]), "".join(after[j1:j2])
        if tag == "equal":
            yield "same", gone
        else:
            yield from _trimmed(gone, come)


def _trimmed(gone: str, come: str) -> Iterator[tuple[str, str]]:
    """Only the s of encoder and encoders; but speak and talk as wholes, although both end in k."""
    head = len(commonprefix([gone, come]))
    tail = len(commonprefix([gone[head:][::-1], come[head:][::-1]]))
    if head + tail < min(len(gone), len(come)):
        head = tail = 0
    yield "same", gone[:head]
    yield "gone", gone[head : len(gone) - tail]
    yield "come", come[head : len(come) - tail]
    yield "same", gone[len(gone) - tail :]


def joined(pieces: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one kind as one, empty ones left out."""
    found: list[tuple[str, str]] = []
    for kind, words in pieces:
        if words and found and found[-1][0] == kind:
            found[-1] = (kind, found[-1][1] + words)
        elif words:
            found.append((kind, words))
    return found
