"""Spans that a model must not touch: formulae, addresses, citations, code. Taken out as tokens, put back verbatim."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WIDE_MARKS = "\u3001-\u3004\u3008-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"

_TOKEN = re.compile(r"⟦M\d+⟧")
# A model may change brackets, width or case and add spaces; the number is what counts.
_LOOSE = r"(?:⟦|\[{1,2}|［|【|〚|〖|\{\{)\s*[MmＭｍ]\s*([0-9０-９]{1,3})\s*(?:⟧|\]{1,2}|］|】|〛|〗|\}\})"
_LOOSE_TOKEN = re.compile(_LOOSE)

_UNTOUCHABLE = re.compile(
    r"(?P<alike>⟦[^⟧\n]{0,40}⟧|" + _LOOSE.replace("([0-9", "(?:[0-9") + r")"
    r"|(?P<fence>```.*?```)"
    r"|(?P<url>(?:https?://|ftp://|www\.)(?:\\[_%&#~]|[\w\-./?=&%#~:+@!*,;'()\[\]])*[\w/=#~])"
    r"|(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[A-Za-z]{2,12}\b)"
    r"|(?P<site>(?<![\w@./-])(?:[\w-]+\.)+(?:com|org|net|io|ai|edu|dev|cn|gov|me|co|app)/[\w\-./?=&%#~:+@]*[\w/])"
    r"|(?P<environment>\\begin\{(?P<kind>equation|align|gather|math|displaymath|eqnarray)\*?\}.{1,2000}?"
    r"\\end\{(?P=kind)\*?\})"
    r"|(?P<display>(?<!\\)\$\$[^$]{1,1200}\$\$|\\\[.{1,1200}?\\\])"
    r"|(?P<round>\\\(.{1,600}?\\\))"
    r"|(?P<formula>(?<![\\$])\$(?P<inside>(?:\\.|[^$\\]){1,400})\$)"
    r"|(?P<cite>\\(?:[cC]ite[a-zA-Z]*\*?(?:\[[^\]\n]{0,80}\]){0,2}|(?:eq|page|auto|c|C)?ref\*?|label)\{[^}\n]{1,200}\})"
    r"|(?P<code>(?<!`)`(?!`)[^`'\n]{1,200}`(?!`))",
    re.DOTALL | re.ASCII,
)
_TEX = re.compile(r"[\\^_]")
_TEXT_COMMAND = re.compile(r"\\(?:text\w*|mathrm|mbox|operatorname\*?)\s*\{[^{}]*\}|\\[A-Za-z]+")
_PROSE = re.compile(r"[A-Za-z]{2,} +[A-Za-z]{3,}|[A-Za-z]{3,} +[A-Za-z]{2,}")

_BESIDE = "A-Za-z0-9%‰°()~≈±×\u0370-\u03ff\u00c0-\u024f"
_GAPS = tuple(
    re.compile(rf"(?<=[{left}])[ \t\u00a0]+(?=[{right}])")
    for left, right in (
        (HAN + WIDE_MARKS, _BESIDE + "⟦"),
        (_BESIDE + "⟧", HAN + WIDE_MARKS),
        (HAN + WIDE_MARKS, HAN + WIDE_MARKS),
    )
)
# What begins a line of Markdown, up to the number of a heading.
_MARKER = re.compile(r"[ \t]*(?:(?:[-*+>]|\d{1,2}[.)]|#{1,6}(?:[ \t]+\d+(?:\.\d+)*)?)[ \t]+)*")


@dataclass(frozen=True)
class Masked:
    """A text with its untouchable spans replaced by tokens ⟦M1⟧, ⟦M2⟧…; each stands for one occurrence."""

    text: str
    spans: Mapping[str, str]

    def put_back(self, text: str) -> str:
        """The (translated) text with the original spans; a token without a span stays."""
        return _TOKEN.sub(lambda match: self.spans.get(match[0], match[0]), text)

    def faults(self, text: str) -> dict[str, str]:
        """Tokens that did not come back exactly once: token -> missing, repeated or unknown."""
        found = Counter(_TOKEN.findall(text))
        wrong = {token: "missing" for token in self.spans if not found[token]}
        wrong |= {token: "repeated" for token, count in found.items() if count > 1}
        return wrong | {token: "unknown" for token in found if token not in self.spans}


def mask(text: str, first: int = 1) -> Masked:
    """Takes out formulae, addresses, citations and code, numbering tokens from `first`.

    A sum of money is no formula: "from $5 to $10" stays, and so does a lone dollar sign.
    """
    spans: dict[str, str] = {}
    parts, at = [], 0
    for match in _matches(text):
        token = f"⟦M{first + len(spans)}⟧"
        spans[token] = match[0]
        parts += [text[at : match.start()], token]
        at = match.end()
    return Masked("".join([*parts, text[at:]]), spans)


def _matches(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while match := _UNTOUCHABLE.search(text, at):
        if match["formula"] and not _is_formula(match["inside"], text[match.end() : match.end() + 1]):
            at = match.start() + 1  # the other dollar sign may open a formula
            continue
        yield match
        at = match.end()


def _is_formula(inside: str, after: str) -> bool:
    """Whether what stands between two dollar signs is a formula rather than prose between two sums of money."""
    if "\n\n" in inside or _PROSE.search(_TEXT_COMMAND.sub("", inside)):
        return False
    if not re.search(r"\w", inside):
        return bool(inside.strip())  # an operator: "$<$10 views"
    loose = inside[0].isspace() + inside[-1].isspace()
    if loose == 1 and inside[0].isdigit():
        return False
    return bool(_TEX.search(inside)) if loose == 1 or after.isdigit() else bool(inside.strip())


def own_tokens(text: str, tokens: Iterable[str]) -> str:
    """The text with tokens that a model wrote in its own way (【M 1】, [m1], ⟦Ｍ１⟧) as we write them."""
    ours = frozenset(tokens)

    def ours_or_as_it_is(match: re.Match[str]) -> str:
        token = f"⟦M{int(match[1])}⟧"
        return token if token in ours else match[0]

    return _LOOSE_TOKEN.sub(ours_or_as_it_is, text)


def close_up(text: str) -> str:
    """Chinese text or Markdown without spaces between Han and Latin, digits, tokens or Han; those of English runs
    and of list and heading markers stay."""
    return "\n".join(map(_close_up_line, text.split("\n")))


def _close_up_line(line: str) -> str:
    marker = _MARKER.match(line)
    start = marker.end() if marker else 0
    rest = line[start:]
    for gap in _GAPS:
        rest = gap.sub("", rest)
    return line[:start] + rest


def tidy(text: str) -> str:
    """`close_up` that leaves formulae, addresses, citations and code alone."""
    masked = mask(text)
    return masked.put_back(close_up(masked.text))
