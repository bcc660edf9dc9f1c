"""Addresses and names: what a translation carries over as it stands."""

import re
from collections.abc import Iterator

from papers.fidelity.findings import Finding, Fix, Zones
from papers.fidelity.formulae import formulae

# ASCII only: an address followed by Chinese ends where the Chinese begins.
URL = re.compile(r"(?:https?://|www\.)[\w\-./?=&%#~:+@!*',;()]*[\w/]", re.ASCII | re.IGNORECASE)
# What arXiv's pages print in an address's place: nobody can tell then which one the authors gave.
_HIDDEN_URL = re.compile(r"\bthis https? URL\b")


# --- addresses ---------------------------------------------------------------------------------


def check_urls(source: str, target: str) -> Iterator[Finding]:
    """The same addresses on both sides; case, scheme and a trailing slash do not matter."""
    yield from _missing_urls(source, target)
    yield from _added_urls(source, target)


def _added_urls(source: str, target: str) -> Iterator[Finding]:
    """An address that the authors do not give: what a planted instruction asks for first."""
    given = source.lower()
    if _HIDDEN_URL.search(source):
        return
    for match in URL.finditer(target):
        if _address(match[0]) not in given:
            fix = Fix(*match.span(), "")
            yield Finding("url_added", "block", f"原文没有链接 {match[0]}", target_span=match.span(), fix=fix)


def _missing_urls(source: str, target: str) -> Iterator[Finding]:
    kept = {_address(match[0]) for match in URL.finditer(target)}
    whole = target.lower()
    seen = set()
    for match in URL.finditer(source):
        address = _address(match[0])
        if address not in kept and address not in whole and address not in seen:
            seen.add(address)
            fix = Fix(len(target), len(target), f"链接：{match[0]}")
            yield Finding("url_missing", "error", f"译文缺少链接 {match[0]}", match.span(), fix=fix)


def _address(url: str) -> str:
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", url.lower())
    return bare.rstrip("/.,;:)'")


# --- names -----------------------------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-.+]?\d[A-Za-z0-9]*)*(?:\.\d+)*", re.ASCII)
_MIXED = re.compile(r"[a-z][A-Z]|^[A-Z]{2,}[a-z]{2,}|^[A-Z][a-z]?[A-Z]+[a-z]")
# "undERstanding", "AUdio": words spelt to explain an acronym
_SPELT = re.compile(r"[A-Z]{2}[a-z]{4,}|[a-z]+[A-Z]{1,3}[a-z]{2,}|[A-Z]{2}(?:based|generated|driven|powered)")
_ORDINARY = re.compile(
    r"(?:top|level|task|stage|step|phase|track|type|class|tier|section|table|figure|fig|part|layer|day|week|year|rank"
    r"|pass|order|version|v|round|group|experiment|study|subtask|covid|mid|pre|post|sub|non|under|over|age|f|l|h|p|n|k"
    r"|x|y|z|d|m|q|r|t|b|s|i|j)[-.]?\d+|[a-z]2[a-z]|end2end|iot|phd|mp3|mp4",
    re.IGNORECASE,
)


def names_in(text: str) -> Iterator[tuple[re.Match[str], bool]]:
    """Names and acronyms as `(match, certain)`: mixed case or with a digit is certainly a name, capitals may be translated."""
    hidden = Zones([*(match.span() for match in URL.finditer(text)), *formulae(text)])
    for match in _NAME.finditer(text):
        word = match[0]
        if match.start() in hidden or _ORDINARY.fullmatch(word):
            continue
        acronym = word[:-1] if word.endswith("s") and word[:-1].isupper() else word
        if _MIXED.search(acronym) or (any(map(str.isdigit, word)) and len(word) > 2):
            yield match, not (_SPELT.fullmatch(acronym) or _is_aside(text, match))
        elif len(acronym) > 1 and acronym.isupper():
            yield match, False


def _is_aside(text: str, match: re.Match[str]) -> bool:
    """An abbreviation given in brackets and never used: "Mixture of Experts (MoE)"."""
    start, end = match.span()
    in_brackets = text[start - 1 : start] == "(" and text[end : end + 1] in (")", "s")
    return in_brackets and len(match[0]) <= 7 and text.count(match[0]) == 1


def squeezed(text: str) -> str:
    """Letters and digits only, lower case: `GPT-4 o` and `gpt4o` are one name."""
    return re.sub(r"[\s\-_.,'’+]+", "", text).lower()


def check_names(source: str, target: str) -> Iterator[Finding]:
    """Names that did not come over. Acronyms only inform: 大语言模型 for LLM is good Chinese."""
    kept, seen = squeezed(URL.sub(" ", target)), set()
    for match, certain in names_in(source):
        name = squeezed(match[0])
        if name in seen or name in kept or (name.endswith("s") and name[:-1] in kept):
            continue
        seen.add(name)
        level, check = ("warning", "name_missing") if certain else ("info", "acronym_missing")
        yield Finding(check, level, f"译文中没有出现“{match[0]}”", match.span())
