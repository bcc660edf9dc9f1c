"""Which addresses may be links, and where they end in running text."""

import re
from html import unescape
from urllib.parse import urlsplit

from posts.rendering.characters import printable

SCHEMES = frozenset({"http", "https", "mailto"})

# <https://…> and <name@host>
AUTOLINK = re.compile(
    r"<((?:https?://|mailto:)[^\s<>]{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})>"
)
# A bare address: ASCII only, for Chinese follows it without a space.
ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][A-Za-z0-9\-._~:/?#@!$&'()+,;=%]{0,2000}+")
# (address "title")
DESTINATION = re.compile(
    r"\(\s{0,9}(?:<([^<>\n]{0,2000})>|((?:[^\s()<>\\]|\\.|\([^\s()<>]{0,500}\)){0,2000}+))"
    r"""(?:\s{1,9}(?:"[^"]{0,300}"|'[^']{0,300}'|\([^()]{0,300}\)))?\s{0,9}\)"""
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_WHITE = re.compile(r"\s")


def allowed(address: str) -> bool:
    """An absolute http, https or mailto address without white space or control characters."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES or address != printable(address) or _WHITE.search(address):
        return False
    return "@" in parts.path if scheme == "mailto" else bool(parts.netloc)


def destination(match: re.Match[str]) -> str:
    """The address that DESTINATION found, its escapes and entities resolved."""
    return unescape(_ESCAPED.sub(r"\1", match[1] if match[1] is not None else match[2]))


def trimmed(address: str) -> str:
    """The address without the sentence's punctuation behind it."""
    while address[-1:] and address[-1] in ".,;:!?'_~&)":
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address
