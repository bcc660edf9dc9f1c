r"""Formulae in running text: where they begin and end. (`mathml` makes MathML of them.)

Recognised: `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and the display environments. Dollars follow pandoc's rule
(https://pandoc.org/MANUAL.html#math), widened where TeX leaves no doubt (`$ x_i $`, `$\sim$30`) and narrowed where
money is meant (`$2.00`, `$5 和 $10`, `US$3`). Searches look at most MAX_LENGTH characters ahead, so time is linear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from posts.rendering.backticks import BLANK_LINE, Backticks
from posts.rendering.characters import TOKEN, TOKEN_CLOSE, TOKEN_OPEN, has_han

MAX_LENGTH = 3000
MAX_FORMULAE = 1500

_ENVIRONMENTS = (
    "align|aligned|alignat|array|bmatrix|Bmatrix|cases|displaymath|eqnarray|equation|flalign|gather|gathered|math|"
    "matrix|multline|pmatrix|smallmatrix|split|vmatrix|Vmatrix"
)
_OPENER = re.compile(
    r"(?P<fence>^(?:[ >]|[-*+] |\d{1,9}[.)] )*+(?P<bar>```+|~~~+))|(?P<code>`+)"
    rf"|(?P<environment>\\begin\{{(?P<name>(?:{_ENVIRONMENTS})\*?)\}})|(?P<bracket>\\[\[(])"
    r"|(?P<escape>\\[^A-Za-z])|(?P<display>\$\$)|(?P<dollar>\$)",
    re.MULTILINE,
)
_DOLLAR_BODY = re.compile(
    r"(?:[^$\\\n]|\\(?:text|mbox)\{[^{}\n]{0,200}\}|\\.|\n(?![ \t]*(?:\n|[-*+>#] |\d+[.)、]))){1,3000}+\$"
)
_CURRENCY = re.compile(r"(?:US|HK|NT|AU|CA|NZ|SG|\b[ACRS])$")
_TEX = re.compile(r"\\[A-Za-z{|,;]|[\^_]")
_RELATION = re.compile(r"[\\^_=<>{}]")
_WORD = re.compile(r"[A-Za-z]{4,}|[a-z]{2,} [a-z]{2,}")
_SIGN = re.compile(r"[<>=≤≥±+~-]{1,2}$")
_IDENTIFIER = re.compile(r"[A-Za-z]+$")
_REFERENCE = re.compile(r"[\d\s,;，、~–\-]*$")


@dataclass(frozen=True)
class Formula:
    """`tex` without delimiters; `source` as it stood in the text; `display` when it has a line of its own."""

    tex: str
    source: str
    display: bool


class _Span(NamedTuple):
    start: int
    end: int
    formula: Formula


def lift(text: str, markdown: bool = True) -> tuple[str, list[Formula]]:
    """The text with a token for each formula, and the formulae by number. With `markdown`, code is left alone."""
    formulae: list[Formula] = []
    pieces: list[str] = []
    position = 0
    for span in _spans(text, markdown):
        pieces += [text[position : span.start], f"{TOKEN_OPEN}{len(formulae)}{TOKEN_CLOSE}"]
        formulae.append(span.formula)
        position = span.end
        if len(formulae) == MAX_FORMULAE:
            break
    return "".join([*pieces, text[position:]]), formulae


def restore(text: str, formulae: list[Formula]) -> str:
    """The source again, for code and addresses."""
    return TOKEN.sub(lambda token: formulae[int(token[1])].source, text) if TOKEN_OPEN in text else text


def _spans(text: str, markdown: bool) -> Iterator[_Span]:
    backticks = Backticks(text, markdown)
    position = 0
    while opener := _OPENER.search(text, position):
        if opener["fence"] or opener["code"]:
            position = _after_code(text, opener, backticks) if markdown else opener.end()
            continue
        span = _span_at(text, opener)
        if span:
            yield span
        position = span.end if span else opener.end()


def _span_at(text: str, opener: re.Match[str]) -> _Span | None:
    if opener["escape"]:
        return None
    if opener["dollar"]:
        return _dollar_span(text, opener)
    return _delimited_span(text, opener)


def _delimited_span(text: str, opener: re.Match[str]) -> _Span | None:
    closer = _closer(opener)
    start = opener.end()
    stop = text.find(closer, start, start + MAX_LENGTH)
    if stop < 0 or BLANK_LINE.search(text, start, stop):
        return None
    end = stop + len(closer)
    source = text[opener.start() : end]
    body = text[start:stop] if not opener["environment"] else source
    if not body.strip() or not _is_formula(opener, body):
        return None
    return _Span(opener.start(), end, Formula(_unquoted(body), source, opener[0] != r"\("))


def _closer(opener: re.Match[str]) -> str:
    if opener["environment"]:
        return rf"\end{{{opener['name']}}}"
    return {r"\(": r"\)", r"\[": r"\]", "$$": "$$"}[opener[0]]


def _is_formula(opener: re.Match[str], body: str) -> bool:
    r"""Not `\[1\]` or `\(见下\)`, which are escaped brackets, nor the prose between two `$$` that mean money."""
    if opener["environment"]:
        return True
    if opener["bracket"] and _REFERENCE.match(body) and opener[0] == r"\[":
        return False
    return bool(_RELATION.search(body)) or not (has_han(body) or _WORD.search(body))


def _unquoted(body: str) -> str:
    """A formula inside a quotation carries a `>` at the beginning of each line."""
    lines = body.split("\n")
    if len(lines) > 1 and all(line.lstrip().startswith(">") for line in lines[1:]):
        lines[1:] = [line.lstrip()[1:] for line in lines[1:]]
    return "\n".join(lines).strip()


def _dollar_span(text: str, opener: re.Match[str]) -> _Span | None:
    start = opener.end()
    match = _DOLLAR_BODY.match(text, start)
    if match is None:
        return None
    body = match[0][:-1]
    before = text[max(0, start - 3) : start - 1]
    after = text[match.end() : match.end() + 1]
    if not _is_inline_formula(body, before, after):
        return None
    return _Span(start - 1, match.end(), Formula(body.strip(), f"${body}$", False))


def _is_inline_formula(body: str, before: str, after: str) -> bool:
    tex = bool(_TEX.search(body) or _SIGN.match(body))
    if _CURRENCY.search(before) and body[0].isdigit():
        return False
    if body != body.strip():
        lone = body[0] == body[-1] == " " and len(body.strip()) == 1
        return (tex and body[0] == body[-1] == " " and not has_han(body)) or lone
    if after.isdigit() and not (tex and not body[0].isdigit()):
        return False
    return _reads_as_formula(body)


def _reads_as_formula(body: str) -> bool:
    if _RELATION.search(body):
        return not (body[0].isdigit() and has_han(body) and not _TEX.search(body))
    if has_han(body):
        return False
    return bool(_IDENTIFIER.match(body)) or not _WORD.search(body)


def _after_code(text: str, opener: re.Match[str], backticks: Backticks) -> int:
    if opener["fence"]:
        return _after_fence(text, opener)
    run = opener["code"]
    closing = backticks.closing(opener.start(), len(run))
    return opener.end() if closing is None else closing + len(run)


def _after_fence(text: str, opener: re.Match[str]) -> int:
    bar = opener["bar"]
    close = re.compile(rf"^[ >]*+{bar[0]}{{{len(bar)},}}[ \t]*$", re.MULTILINE).search(text, opener.end())
    return close.end() if close else len(text)
