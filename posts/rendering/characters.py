"""What a character is to us: Han, full-width, punctuation, or not fit to print.

Two noncharacters serve as brackets around the number of a lifted formula. They are removed from every input
(Unicode calls them "never interchanged"), so no text can forge a token.
"""

import re
import unicodedata
from functools import lru_cache

TOKEN_OPEN = "\ufdd0"
TOKEN_CLOSE = "\ufdd1"
TOKEN = re.compile(f"{TOKEN_OPEN}(\\d+){TOKEN_CLOSE}")

# C0 and C1 controls but tab and newline, soft hyphen, bidi controls, surrogates, noncharacters, the byte order mark.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CJK = re.compile(
    "[\u1100-\u11ff\u2e80-\u303f\u3040-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff"
    "\ufe30-\ufe4f\uff00-\uffef\U0001f200-\U0001f2ff\U00020000-\U0003ffff]"
)
# Quotes, dash and ellipsis are as wide as a Han character in Chinese text, though Unicode calls them ambiguous.
_CHINESE_MARKS = frozenset("“”‘’—…·")


def printable(text: str) -> str:
    """The text with ``\\n`` line ends and without characters that no reader sees and some parsers refuse."""
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text))


@lru_cache(maxsize=4096)
def is_cjk(char: str) -> bool:
    """Han, kana, hangul and their full-width punctuation."""
    return bool(_CJK.match(char))


@lru_cache(maxsize=4096)
def is_punctuation(char: str) -> bool:
    """CommonMark's Unicode punctuation: general category P or S. https://spec.commonmark.org/0.31.2/#unicode-punctuation-character"""
    return unicodedata.category(char)[0] in "PS"


def is_wide_mark(char: str) -> bool:
    """Punctuation that brings its own white space: 。，：（）“”…"""
    return char in _CHINESE_MARKS or (is_cjk(char) and is_punctuation(char))


def is_chinese(char: str) -> bool:
    """Han or a mark of Chinese punctuation."""
    return is_cjk(char) or char in _CHINESE_MARKS


def has_han(text: str) -> bool:
    return any("\u3400" <= char <= "\u9fff" or char >= "\U00020000" for char in text)
