"""What a line end inside a paragraph becomes."""

import re

from posts.rendering.characters import is_cjk, is_wide_mark

# A line that goes on with an enumerator of its own was meant to begin a new line.
_ENUMERATED = re.compile(
    r" {0,3}(?:[（(](?:\d{1,2}|[一二三四五六七八九十]{1,3}|[a-z])[)）]|[①-⑳⑴-⒇]|[•●▪·] |[一二三四五六七八九十]{1,3}、)"
)


def is_kept(text: str, at: int) -> bool:
    """Does the line after the line end at `at` begin with an enumerator?"""
    return bool(_ENUMERATED.match(text, at + 1))


def joint(text: str, at: int) -> str:
    """What stands for the line end at `at`: nothing between Han or beside full-width marks, else the line end itself."""
    before = text[max(0, at - 8) : at].rstrip(" *_~")[-1:]
    after = text[at + 1 : at + 9].lstrip(" *_~")[:1]
    if not before or not after:
        return "\n"
    joined = (is_cjk(before) and is_cjk(after)) or is_wide_mark(before) or is_wide_mark(after)
    return "" if joined else "\n"
