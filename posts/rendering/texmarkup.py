r"""TeX outside formulae: accents, text commands, dashes and quotes, as they stand in titles and abstracts.

Accents and special letters are pylatexenc's business (https://pylatexenc.readthedocs.io/); it only ever sees the few
characters of one accent. What arXiv allows in metadata: https://info.arxiv.org/help/prep.html
"""

import re
import unicodedata
from functools import cached_property, lru_cache
from typing import NamedTuple

from pylatexenc.latex2text import LatexNodes2Text

from posts.rendering.characters import TOKEN_CLOSE

# \"o \"{o} \c{c} \v s \ss \'{\i}, each also within braces of its own
_ACCENT = (
    r"""\\(?:["'`^~=.]\s?(?:\{\\?[A-Za-z]\}|\\[ij](?![A-Za-z])|[A-Za-z])|[cvHukrbdt]\s?\{\\?[A-Za-z]{1,2}\}"""
    r"""|[cvHukr]\ [A-Za-z](?![A-Za-z])|(?:ss|o|O|l|L|ae|AE|oe|OE|aa|AA|i|j|dh|DH|th|TH)(?:\{\}|(?![A-Za-z])\ ?))"""
)
_ACCENTS = re.compile(rf"\{{{_ACCENT}\}}|{_ACCENT}")
# Command -> element around its argument; empty: the argument alone.
_WRAPPERS = {
    "textbf": "strong", "textit": "em", "emph": "em", "textsl": "em", "underline": "em", "uline": "em",
    "texttt": "code", "bf": "strong", "it": "em", "sl": "em", "em": "em", "tt": "code",
}  # fmt: skip
_COMMAND = re.compile(r"\\([A-Za-z]{1,24})\*?(?:\[[^\[\]\n]{0,80}\])? ?(?=\{)")
_SWITCH = re.compile(r"\{\\(bf|it|sl|em|tt|sc|rm|sf)(?:series|shape|family)?(?![A-Za-z])\s?")
_LINK = re.compile(r"\\href\s?\{\s?(?P<address>[^{}\s]{1,1000})\s?\}\s?(?=\{)")
_COLOUR = re.compile(r"\\(?:textcolor|colorbox)\s?\{[^{}\n]{1,40}\}\s?(?=\{)")
_VERBATIM = re.compile(r"\\verb([|!+])([^\n]{1,200}?)\1")
_LIST_END = re.compile(r"\s*\\(?:begin|end)\{(?:itemize|enumerate|description)\}(?:\[[^\[\]\n]{0,40}\])?\s*")
_LIST_ITEM = re.compile(r"\\item(?![A-Za-z])\s*")
_SIZE = re.compile(
    r"\\(?:tiny|scriptsize|footnotesize|small|normalsize|large|Large|noindent|par|newline|/|!)(?![A-Za-z]) ?"
)
_CITATION = re.compile(
    r"~?\\(?:cite[a-z]*|ref|eqref|cref|Cref|autoref)\*?(?:\[[^\[\]\n]{0,80}\]){0,2}\{([^{}\n]{1,200})\}"
)
_SYMBOLS = {
    "ldots": "…", "dots": "…", "textemdash": "—", "textendash": "–", "textasciitilde": "~", "textquoteright": "’",
    "textquoteleft": "‘", "textquotedblleft": "“", "textquotedblright": "”", "textbackslash": "\\", "textbar": "|",
    "textless": "<", "textgreater": ">", "textunderscore": "_", "textdegree": "°", "textmu": "µ", "textregistered": "®",
    "texttrademark": "™", "copyright": "©", "pounds": "£", "euro": "€", "S": "§", "P": "¶", "dag": "†", "ddag": "‡",
    "times": "×", "pm": "±", "sim": "∼", "approx": "≈", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "neq": "≠",
    "rightarrow": "→", "to": "→", "leftarrow": "←", "leftrightarrow": "↔", "Rightarrow": "⇒", "cdot": "·",
    "circ": "∘", "equiv": "≡", "star": "⋆", "lesssim": "≲", "gtrsim": "≳", "degree": "°", "infty": "∞", "checkmark": "✓", "deg": "°", "textperthousand": "‰", "textellipsis": "…", "LaTeX": "LaTeX", "TeX": "TeX", "quad": " ",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "lambda": "λ", "mu": "μ", "pi": "π",
    "sigma": "σ", "tau": "τ", "theta": "θ", "phi": "ϕ", "omega": "ω", "Delta": "Δ", "Omega": "Ω",
}  # fmt: skip
_SYMBOL = re.compile(r"\\(%s)(?:\{\}|(?![A-Za-z]))" % "|".join(sorted(_SYMBOLS, key=len, reverse=True)))  # noqa: UP031
_TEX = LatexNodes2Text(math_mode="text", strict_latex_spaces=False)


@lru_cache(maxsize=1024)
def accented(source: str) -> str:
    """What _ACCENTS matched, as Unicode: `\\"o` is ö."""
    return unicodedata.normalize("NFC", _TEX.latex_to_text(source)).strip()


@lru_cache(maxsize=1024)
def spoken(tex: str) -> str:
    """A formula as a line of text: `\\alpha_i` is α_i; the TeX itself where that fails."""
    # pylatexenc's layouts index arguments that a broken formula does not have.
    try:
        return _TEX.latex_to_text(tex).strip() or tex
    except Exception:  # noqa: BLE001
        return tex


def dash(text: str, start: int, end: int) -> str:
    """The hyphens from `start` to `end`: `--` between words is an en dash, `---` an em dash; ` --flag` and `|---|` stay."""
    before, after = text[start - 1 : start] if start else " ", text[end : end + 1] or " "
    made = {2: "–", 3: "—"}.get(end - start)
    joins = (before.isalnum() or before in f").}}”’{TOKEN_CLOSE}") and not after.isspace()
    stands = before == after == " "
    return made if made and (joins or stands) else text[start:end]


class Command(NamedTuple):
    """What a command says: `text`, or what is `inside` it within the element `tag` (empty: none), linked to `address`.

    With `breaks` it begins a line.
    """

    end: int
    text: str = ""
    inside: str = ""
    tag: str = ""
    address: str = ""
    breaks: bool = False


class Braces:
    """Where each group of a text ends. Found in one pass, when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    def end(self, opening: int) -> int | None:
        """The closing brace of the group opened at `opening`, in the same paragraph."""
        return self._ends.get(opening)

    @cached_property
    def _ends(self) -> dict[int, int]:
        ends: dict[int, int] = {}
        path: list[int] = []
        for match in re.finditer(r"\\.|[{}]|\n[ \t]*\n", self.text):
            if match[0] == "{":
                path.append(match.start())
            elif match[0] == "}" and path:
                ends[path.pop()] = match.start()
            elif match[0][0] == "\n":
                path.clear()
        return ends


def command(text: str, at: int, braces: Braces) -> Command | None:
    """The command that begins at `at`, with `\\` or `{\\`; None when it is none of ours, and so is text."""
    if accent := _ACCENTS.match(text, at):
        return Command(accent.end(), accented(accent[0]))
    if text.startswith(r"\c{opyright}", at):
        return Command(at + len(r"\c{opyright}"), "©")
    if citation := _CITATION.match(text, at):
        return Command(citation.end(), f"[{citation[1].strip()}]")
    if symbol := _SYMBOL.match(text, at + text.startswith("{", at)):
        grouped = text[at] == "{"
        if not grouped or text.startswith("}", symbol.end()):
            return Command(symbol.end() + grouped, _SYMBOLS[symbol[1]])
    if item := _LIST_ITEM.match(text, at):
        return Command(item.end(), "• ", breaks=True)
    if end := _LIST_END.match(text, at):
        return Command(end.end(), " ")
    return _wrapper(text, at, braces)


def _wrapper(text: str, at: int, braces: Braces) -> Command | None:
    if verbatim := _VERBATIM.match(text, at):
        return Command(verbatim.end(), inside=verbatim[2], tag="code")
    switch = _SWITCH.match(text, at)
    if switch and (end := braces.end(at)):
        return Command(end + 1, inside=text[switch.end() : end], tag=_WRAPPERS.get(switch[1], ""))
    for pattern in (_LINK, _COLOUR, _COMMAND):
        match = pattern.match(text, at)
        end = braces.end(match.end()) if match else None
        if match and end and end > match.end() + 1:
            tag = _WRAPPERS.get(match[1], "") if pattern is _COMMAND else ""
            address = match["address"] if pattern is _LINK else ""
            return Command(end + 1, inside=text[match.end() + 1 : end], tag=tag, address=address)
    size = _SIZE.match(text, at)
    return Command(size.end()) if size else None
