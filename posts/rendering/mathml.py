"""TeX formula -> MathML element, or its source in <code> when it cannot be converted.

latex2mathml is trusted with the meaning only: what it builds is copied element by element through an allowlist
(no links, colours, classes or sizes), and its output as a string, which would let `\\text{<script>}` through, is
never used. https://www.w3.org/TR/mathml-core/
"""

import copy
import re
import unicodedata
from functools import lru_cache
from html import unescape
from xml.etree.ElementTree import Element, SubElement

from latex2mathml.converter import Converter

from posts.rendering.alphabets import styled
from posts.rendering.characters import has_han, printable
from posts.rendering.formulae import MAX_LENGTH, Formula
from posts.rendering.spacing import set_spaces

MAX_DEPTH = 40
MAX_ELEMENTS = 3000

_LENGTH = r"[+-]?(?:\d{1,2}(?:\.\d{1,4})?|\.\d{1,4})(?:em|ex|pt|px|mu)"
_WORD = r"[a-z-]+(?: [a-z-]+){0,30}"
_BOOLEAN = "true|false"
_OPERATOR = {
    "stretchy": _BOOLEAN, "fence": _BOOLEAN, "separator": _BOOLEAN, "largeop": _BOOLEAN, "symmetric": _BOOLEAN,
    "movablelimits": _BOOLEAN, "accent": _BOOLEAN, "form": _WORD, "lspace": _LENGTH, "rspace": _LENGTH,
    "minsize": _LENGTH, "maxsize": _LENGTH,
}  # fmt: skip
_UNDER_OVER = {"accent": _BOOLEAN, "accentunder": _BOOLEAN}
# Element -> attribute -> what its value must look like.
ELEMENTS: dict[str, dict[str, str]] = {
    "math": {"display": "block|inline"},
    "semantics": {},
    "annotation": {"encoding": "application/x-tex"},
    "mrow": {},
    "mi": {"mathvariant": "normal"},
    "mn": {},
    "mo": _OPERATOR,
    "mtext": {},
    "mspace": {"width": _LENGTH, "linebreak": "newline"},
    "mfrac": {"linethickness": "0|0pt|0em"},
    "msqrt": {},
    "mroot": {},
    "msub": {},
    "msup": {},
    "msubsup": {},
    "munder": _UNDER_OVER,
    "mover": _UNDER_OVER,
    "munderover": _UNDER_OVER,
    "mmultiscripts": {},
    "mprescripts": {},
    "none": {},
    "mtable": {"columnalign": _WORD, "displaystyle": _BOOLEAN, "columnlines": _WORD, "rowlines": _WORD},
    "mtr": {},
    "mtd": {"columnalign": _WORD},
    "mstyle": {"displaystyle": _BOOLEAN, "scriptlevel": r"[+-]?\d"},
    "mpadded": {
        "width": f"0|{_LENGTH}",
        "lspace": _LENGTH,
        "voffset": _LENGTH,
        "height": _LENGTH,
        "depth": _LENGTH,
    },
    "mphantom": {},
    "menclose": {"notation": _WORD},
}
_FORBIDDEN = re.compile(
    r"\\(?:def|edef|gdef|xdef|let|newcommand|renewcommand|providecommand|DeclareMathOperator|newenvironment|"
    r"renewenvironment|input|include|write|catcode|csname|loop|href|url|includegraphics|style|class|cssId|require)"
    r"(?![A-Za-z])"
)
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_DROPPED = re.compile(
    r"\\(?:label|tag\*?|vspace|vskip)\s*\{[^{}]*\}|\\(?:nonumber|notag|xspace|displaylimits|allowbreak|relax|protect)"
    r"(?![A-Za-z])"
)
_RENAMED = {
    "ensuremath": "mathord", "textsc": "text", "textsl": "textit", "mathbbm": "mathbb", "mathds": "mathbb",
    "bf": "mathbf", "rm": "mathrm", "sf": "mathsf", "cal": "mathcal", "mathbfit": "boldsymbol", "symbf": "mathbf",
}  # fmt: skip
_RENAME = re.compile(r"\\(%s)(?![A-Za-z])" % "|".join(_RENAMED))  # noqa: UP031
_ENVIRONMENT = re.compile(
    r"\\(begin|end)\{(align|aligned|alignat|alignedat|eqnarray|gather|gathered|multline|flalign|math|displaymath|equation)\*?\}"
    r"(?:\[[tbc]\])?(?:\{\d\})?"
)
_ALIGNED = {
    "align": "align*",
    "aligned": "align*",
    "alignat": "align*",
    "alignedat": "align*",
    "eqnarray": "align*",
    "flalign": "align*",
    "gather": "matrix",
    "gathered": "matrix",
    "multline": "matrix",
}
_ARG = re.compile(
    r"\\(?:operatorname\*?\s*\{\s*arg|arg)(?![A-Za-z])(?:\s|\\[,;!: ]|~)*\\?(max|min)(?![A-Za-z])\s*(\})?"
)
_OPERATOR_NAME = re.compile(r"\\operatorname\*?\s*\{([^{}]*)\}|\\arg(?![A-Za-z])")
_NAME_SPACE = re.compile(r"\\[,;:! ]|~")
_TEXT_ESCAPE = re.compile(r"\\([_{}#&%$ ])")
_LAST_LINE_END = re.compile(r"(?:\\\\\s*)+$")
_GROUP = re.compile(r"\{[^{}]*\}")
_MACRO_LEFT = re.compile(r"\\[A-Za-z]+")
_ARITY = {
    "mfrac": 2, "msup": 2, "msub": 2, "munder": 2, "mover": 2, "mroot": 2, "msubsup": 3, "munderover": 3,
}  # fmt: skip
# latex2mathml calls these identifiers; as operators they get their space.
_OPERATOR_CATEGORIES = frozenset({"Sm", "Ps", "Pe"})
_SYMBOLS = frozenset("∞∂∇∅∀∃∄")


class _Unconvertible(ValueError):
    """The formula is forbidden, too big, or has a macro that we do not know."""


def element(formula: Formula) -> Element:
    """<math> with the TeX as annotation, or <code> with the TeX."""
    made = _converted(formula.tex, formula.display)
    return copy.deepcopy(made) if made is not None else _code(formula.tex)


def _code(tex: str) -> Element:
    code = Element("code")
    code.text = tex
    return code


@lru_cache(maxsize=2048)
def _converted(tex: str, display: bool) -> Element | None:
    # The converter has no base exception: it raises its own, IndexError, StopIteration, RecursionError…
    try:
        return _math(tex, display)
    except Exception:  # noqa: BLE001
        return None


def _math(tex: str, display: bool) -> Element:
    if len(tex) > MAX_LENGTH or _FORBIDDEN.search(tex) or _depth(tex) > MAX_DEPTH:
        raise _Unconvertible(tex)
    mode = "block" if display else "inline"
    raw = Converter(display=mode).convert_to_element(_prepared(tex))
    if (
        not "".join(raw.itertext()).strip()
        or sum(1 for _ in raw.iter()) > MAX_ELEMENTS
        or _lost_columns(tex, raw)
    ):
        raise _Unconvertible(tex)
    math = Element("math", {"display": mode})
    semantics = SubElement(math, "semantics")
    _copy(raw[0], semantics, 0)
    SubElement(semantics, "annotation", {"encoding": "application/x-tex"}).text = tex
    return math


def _lost_columns(tex: str, raw: Element) -> bool:
    """Whether an `&` that parts columns came out as a sign: the environment is not known."""
    signs = sum(1 for one in raw.iter("mi") if unescape(one.text or "") == "&")
    return signs > tex.count(r"\&")


def _depth(tex: str) -> int:
    deepest = depth = 0
    for char in tex:
        depth += (char == "{") - (char == "}")
        deepest = max(deepest, depth)
    return deepest


def _prepared(tex: str) -> str:
    tex = _DROPPED.sub(" ", _COMMENT.sub("", tex))
    tex = _RENAME.sub(lambda macro: "\\" + _RENAMED[macro[1]], tex)
    tex = _OPERATOR_NAME.sub(_operator_name, _ARG.sub(_arg, tex))
    return _in_lines(_ENVIRONMENT.sub(_renamed_environment, tex))


def _arg(match: re.Match[str]) -> str:
    """`\\arg\\max` and `\\operatorname*{arg\\,max}` are one operator."""
    inside = match[0].startswith("\\operatorname")
    return f"\\arg{match[1]} " if inside == bool(match[2]) else match[0]


def _operator_name(match: re.Match[str]) -> str:
    return f"\\operatorname{{{_NAME_SPACE.sub(' ', match[1] or 'arg')}}}"


def _in_lines(tex: str) -> str:
    """Lines ended by `\\\\` outside any environment become rows; browsers ignore MathML's line breaks."""
    tex = _LAST_LINE_END.sub("", tex)
    if "\\begin" in tex or "\\\\" not in _GROUP.sub("", tex):
        return tex
    rows = "align*" if "&" in tex else "matrix"
    return f"\\begin{{{rows}}}{tex}\\end{{{rows}}}"


def _renamed_environment(match: re.Match[str]) -> str:
    name = _ALIGNED.get(match[2])
    return f"\\{match[1]}{{{name}}}" if name else ("{" if match[1] == "begin" else "}")


def _copy(raw: Element, parent: Element, depth: int) -> None:
    """Append what the allowlist leaves of `raw` to `parent`."""
    if raw.tag not in ELEMENTS or depth > MAX_DEPTH or len(raw) != _ARITY.get(raw.tag, len(raw)):
        raise _Unconvertible(raw.tag)
    text = printable(unescape(raw.text or ""))
    if _MACRO_LEFT.search(text):
        raise _Unconvertible(text)
    tag, text = _token(raw.tag, text)
    if _joins(tag, raw, parent):
        parent[-1].attrib.clear()
        parent[-1].text = (parent[-1].text or "") + text
        return
    copied = SubElement(parent, tag, _attributes(tag, raw))
    copied.text = (text if tag == "mtext" else styled(text, raw.get("mathvariant", ""))) or None
    for child in raw:
        _copy(child, copied, depth + 1)
    if tag in ("mrow", "mtd", "mstyle"):
        set_spaces(copied)


def _token(tag: str, text: str) -> tuple[str, str]:
    """The element that a text belongs to: Han is no identifier, and neither is a bracket or a relation."""
    if tag == "mtext":
        return tag, _TEXT_ESCAPE.sub(r"\1", text).replace("$", "")
    if tag == "mi" and has_han(text):
        return "mtext", text
    if (
        tag == "mi"
        and len(text) == 1
        and text not in _SYMBOLS
        and unicodedata.category(text) in _OPERATOR_CATEGORIES
    ):
        return "mo", "∼" if text == "~" else text
    return tag, text


def _joins(tag: str, raw: Element, parent: Element) -> bool:
    """The letters of an upright word are one identifier, the characters of a Chinese word one text."""
    if not len(parent) or parent[-1].tag != tag or parent.tag not in ("mrow", "mtd", "mstyle"):
        return False
    if tag == "mtext":
        return raw.tag == "mi"
    upright = parent[-1].get("mathvariant") == "normal" or len(parent[-1].text or "") > 1
    return tag == "mi" and raw.get("mathvariant") == "normal" and upright


def _attributes(tag: str, raw: Element) -> dict[str, str]:
    if tag == "mo" and raw.tag == "mi":
        return {"stretchy": "false"}
    allowed = ELEMENTS[tag]
    return {
        name: value for name, value in raw.items() if name in allowed and re.fullmatch(allowed[name], value)
    }
