"""The site's HTML as mail programs can show it: they know no MathML, and what they do not know they flatten.

`10<sup>-3</sup>` stays right where a flattened `10-3` would be another number. Fractions, roots and whatever else
has two dimensions stay TeX.
"""

import re
from collections.abc import Iterable
from html import escape

from lxml.html import HtmlElement, fragment_fromstring

MATH = re.compile(r"<math\b.*?</math>", re.DOTALL)
TEXT = frozenset(["mi", "mn", "mo", "mtext"])
ROWS = frozenset(["math", "mrow", "mstyle", "mpadded"])
SCRIPTS = {"msub": ("sub",), "msup": ("sup",), "msubsup": ("sub", "sup")}
RELATION = re.compile(r"[=<>≤≥≈∼≃≠≡∈⊂⊆→∝≪≫]")


class _TwoDimensional(Exception):
    pass


def for_mail(html: str) -> str:
    """Cleaned HTML of `posts.rendering`, its formulae in plain HTML."""
    return MATH.sub(lambda found: _formula(fragment_fromstring(found[0])), html)


def _formula(math: HtmlElement) -> str:
    shown = math[0] if len(math) and math[0].tag == "semantics" else math
    try:
        return f"<i>{_inner(shown)}</i>"
    except _TwoDimensional:
        tex = next((note.text for note in math.iter("annotation") if note.text), "".join(math.itertext()))
        return f"<code>{escape(tex)}</code>"


def _inner(element: HtmlElement) -> str:
    return _all(child for child in element if child.tag != "annotation")


def _all(elements: Iterable[HtmlElement]) -> str:
    return "".join(map(_one, elements))


def _one(element: HtmlElement) -> str:
    if element.tag in TEXT:
        return _token(element)
    if element.tag in ROWS:
        return _inner(element)
    if element.tag == "mspace":
        return " "
    if names := SCRIPTS.get(element.tag):
        base, *scripts = map(_one, element)
        return base + "".join(
            f"<{name}>{script}</{name}>" for name, script in zip(names, scripts, strict=True)
        )
    raise _TwoDimensional(element.tag)


def _token(element: HtmlElement) -> str:
    """Operators of relation stand apart, as they do in print."""
    text = escape(element.text or "")
    return f" {text} " if element.tag == "mo" and RELATION.fullmatch(element.text or "") else text
