"""Letters in Unicode's mathematical alphabets, for MathML Core draws no `mathvariant` but normal.

https://www.w3.org/TR/mathml-core/#the-mathvariant-attribute
"""

import unicodedata
from functools import lru_cache

_ALPHABETS = {
    "bold": "BOLD", "italic": "ITALIC", "bold-italic": "BOLD ITALIC", "script": "SCRIPT", "bold-script": "BOLD SCRIPT",
    "fraktur": "FRAKTUR", "bold-fraktur": "BOLD FRAKTUR", "double-struck": "DOUBLE-STRUCK", "sans-serif": "SANS-SERIF",
    "bold-sans-serif": "SANS-SERIF BOLD", "sans-serif-bold": "SANS-SERIF BOLD", "monospace": "MONOSPACE",
}  # fmt: skip
_CASES = {
    "LATIN SMALL LETTER": "SMALL ", "LATIN CAPITAL LETTER": "CAPITAL ", "GREEK SMALL LETTER": "SMALL ",
    "GREEK CAPITAL LETTER": "CAPITAL ", "DIGIT": "DIGIT ",
}  # fmt: skip


def styled(text: str, variant: str) -> str:
    """The text in the alphabet that the attribute `mathvariant` names; itself where there is none."""
    alphabet = _ALPHABETS.get(variant)
    return "".join(_letter(char, alphabet) for char in text) if alphabet else text


@lru_cache(maxsize=1024)
def _letter(char: str, alphabet: str) -> str:
    kind, _, letter = unicodedata.name(char, "").rpartition(" ")
    if kind not in _CASES:
        return char
    # A few letters (ℝ, ℒ, ℎ) came to Unicode before the alphabets and have names without the prefix.
    for prefix in ("MATHEMATICAL ", ""):
        try:
            return unicodedata.lookup(f"{prefix}{alphabet} {_CASES[kind]}{letter}")
        except KeyError:
            continue
    return char
