"""Whether two sources, or two versions, say the same words.

arXiv's pages print "é" where the API and OAI-PMH print "\\'e"; white space, braces and quotation marks
come and go. None of that is worth a second translation. Pure functions.
"""

import re
import unicodedata
from difflib import SequenceMatcher

_ACCENTS = re.compile(r"""\\(?:[`'^"~=.]|[uvHcdbkrt](?![A-Za-z]))""")
_LETTERS = re.compile(r"\\(ss|ae|oe|aa|AE|OE|AA|[oOlLij])(?![A-Za-z])")
_PLAIN = str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"})
_DASHES = re.compile(r"[-‐-―−]+")
_KEPT = set("<>=+-%.")
# Two sources of one version: below this share of common words it is another text.
ALIKE = 0.9


def normal(text: str) -> str:
    """A text without accents, case, markup and white space; digits, signs and points stay."""
    text = _LETTERS.sub(r"\1", _ACCENTS.sub("", text)).translate(_PLAIN)
    folded = unicodedata.normalize("NFKD", _DASHES.sub("-", text)).casefold()
    return "".join(letter for letter in folded if letter.isalnum() or letter in _KEPT)


def same(one: str, other: str) -> bool:
    return one == other or normal(one) == normal(other)


def alike(one: str, other: str) -> bool:
    """Whether two sources mean the same text of the same version."""
    return same(one, other) or SequenceMatcher(None, one.split(), other.split(), False).ratio() >= ALIKE
