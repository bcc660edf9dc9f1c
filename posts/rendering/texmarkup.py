r"""TeX outside formulae: accents, text commands, dashes and quotes, as they stand in titles and abstracts.

Accents and special letters are pylatexenc's business (https://pylatexenc.readthedocs.io/); it only ever sees the few
characters of one accent. What arXiv allows in metadata: https://info.arxiv.org/help/prep.html
"""

import re
import unicodedata
from functools import lru_cache

from pylatexenc.latex2text import LatexNodes2Text

# \"o \"{o} \c{c} \v s \ss \'{\i}, each also within braces of its own
_ACCENT = (
    r"""\\(?:["'`^~=.]\s?(?:\{\\?[A-Za-z]\}|\\[ij](?![A-Za-z])|[A-Za-z])|[cvHukrbdt]\s?\{\\?[A-Za-z]{1,2}\}"""
    r"""|[cvHukr]\ [A-Za-z](?![A-Za-z])|(?:ss|o|O|l|L|ae|AE|oe|OE|aa|AA|i|j|dh|DH|th|TH)(?:\{\}|(?![A-Za-z])\ ?))"""
)
ACCENT = re.compile(rf"\{{{_ACCENT}\}}|{_ACCENT}")
# Command -> element; None: its argument as plain text.
WRAPPERS: dict[str, str | None] = {
    "textbf": "strong", "textit": "em", "emph": "em", "textsl": "em", "texttt": "code", "underline": "em",
    "textsc": None, "textrm": None, "textsf": None, "textup": None, "textnormal": None, "textmd": None, "text": None,
    "mbox": None, "textsuperscript": None, "textsubscript": None, "mathrm": None, "url": None, "footnote": None,
    "uline": "em", "bf": "strong", "it": "em", "em": "em", "tt": "code", "sc": None, "rm": None, "sf": None,
}  # fmt: skip
WRAPPER = re.compile(
    r"\\(textbf|textit|emph|textsl|texttt|underline|textsc|textrm|textsf|textup|textnormal|textmd|text|mbox|uline|"
    r"textsuperscript|textsubscript|mathrm|url|footnote)\s?\{|\{\\(bf|it|em|tt|sc|rm|sf)(?:series|shape|family)?(?![A-Za-z])\s?"
)
CITATION = re.compile(
    r"~?\\(?:cite[a-z]*|ref|eqref|cref|autoref|Cref)\*?(?:\[[^\[\]\n]{0,80}\]){0,2}\{([^{}\n]{1,200})\}"
)
SYMBOLS = {
    "ldots": "…", "dots": "…", "textemdash": "—", "textendash": "–", "textasciitilde": "~", "textquoteright": "’",
    "textquoteleft": "‘", "textquotedblleft": "“", "textquotedblright": "”", "textbackslash": "\\", "textbar": "|",
    "textless": "<", "textgreater": ">", "textunderscore": "_", "textdegree": "°", "textmu": "µ", "textregistered": "®",
    "texttrademark": "™", "copyright": "©", "pounds": "£", "euro": "€", "S": "§", "P": "¶", "dag": "†", "ddag": "‡",
    "times": "×", "pm": "±", "sim": "∼", "approx": "≈", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "neq": "≠",
    "rightarrow": "→", "to": "→", "leftarrow": "←", "leftrightarrow": "↔", "Rightarrow": "⇒", "cdot": "·",
    "circ": "∘", "degree": "°", "infty": "∞", "checkmark": "✓", "LaTeX": "LaTeX", "TeX": "TeX", "quad": " ",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "lambda": "λ", "mu": "μ", "pi": "π",
    "sigma": "σ", "tau": "τ", "theta": "θ", "phi": "ϕ", "omega": "ω", "Delta": "Δ", "Omega": "Ω",
}  # fmt: skip
SYMBOL = re.compile(r"\\(%s)(?:\{\}|(?![A-Za-z]))" % "|".join(sorted(SYMBOLS, key=len, reverse=True)))  # noqa: UP031
_TEX = LatexNodes2Text(math_mode="text", strict_latex_spaces=False)


@lru_cache(maxsize=1024)
def accented(source: str) -> str:
    """What ACCENT matched, as Unicode: `\\"o` is ö."""
    return unicodedata.normalize("NFC", _TEX.latex_to_text(source)).strip()


def closing_brace(text: str, start: int, limit: int = 600) -> int:
    """Where the group whose inside begins at `start` ends; -1 when not within `limit` characters."""
    depth = 1
    for match in re.compile(r"\\.|[{}]|\n[ \t]*\n").finditer(text, start, min(len(text), start + limit)):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if match[0].startswith("\n"):
            return -1
        if not depth:
            return match.start()
    return -1
