"""Characters: what has no place in a text goes, ligatures become letters, words cut by a line end are mended."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

# Controls but tab and newline, soft hyphen, zero-width and bidi marks, surrogates, private use, noncharacters.
UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ue000-\uf8ff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]"
)
# Latin ligatures and the compatibility radicals that Chinese fonts map to; NFKC as a whole would
# also flatten superscripts ("10²" to "102").
COMPATIBLE = re.compile("[\ufb00-\ufb06\u2e80-\u2fdf\uf900-\ufaff]")
BLANKS = re.compile(r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
CID = re.compile(r"\(cid:\d+\)")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# "Z¨urich", "Macci`o": old TeX fonts set the accent as a sign of its own before its letter. Inside words
# only, since a hat next to a lone letter is mathematics.
ACCENTED = re.compile(r"(?:(?<=[^\W\d_]{2})|(?=[`´¨ˆ˜¸ˇ][^\W\d_]{3}))([`´¨ˆ˜¸ˇ])([aeiouyncszrgAEIOUYNCSZ])")
COMBINING = dict(zip("`´¨ˆ˜¸ˇ", "\u0300\u0301\u0308\u0302\u0303\u0327\u030c", strict=True))
TAIL = re.compile(r"([^\W\d_]+)$")
HEAD = re.compile(r"([^\W\d_]+)")


def names(text: str) -> frozenset[str]:
    """A set that reads as a line of words."""
    return frozenset(text.split())


def clean(text: str) -> str:
    """One line or paragraph without unwanted characters, with single blanks; newlines stay."""
    if text.isascii() and text.isprintable():  # most lines
        return BLANKS.sub(" ", text).strip() if "  " in text else text.strip()
    text = UNWANTED.sub("", text)
    text = COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = ACCENTED.sub(lambda match: accented(match[1], match[2]), text)
    return BLANKS.sub(" ", text).strip()


def accented(accent: str, letter: str) -> str:
    """One composed letter where Unicode has one, else both as they were."""
    composed = unicodedata.normalize("NFC", letter + COMBINING[accent])
    return composed if len(composed) == 1 else accent + letter


def vocabulary(lines: Iterable[str]) -> Counter[str]:
    """How often each word and each hyphenated compound occurs inside lines, in lower case."""
    return Counter(WORD.findall("\n".join(lines).lower()))


def joined(left: str, right: str, words: Counter[str]) -> str:
    """Two pieces that a hyphen at a line end parts: "transfor" + "mer" one word, "mel" + "frequency" a compound."""
    tail, head = TAIL.search(left), HEAD.match(right)
    if not tail or not head:
        return f"{left}-{right}"
    first, second = tail[1].lower(), head[1].lower()
    if is_compound(first, second, words) or not head[1][0].islower():
        return f"{left}-{right}"
    return left + right


def is_compound(first: str, second: str, words: Counter[str]) -> bool:
    """What the rest of the text says; when it says nothing, two words that stand alone elsewhere are a compound."""
    whole, parted = words[first + second], words[f"{first}-{second}"]
    if whole or parted:
        return parted > whole
    return words[first] > 1 and words[second] > 1
