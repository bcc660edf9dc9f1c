"""Space inside a row of a formula, where TeX sets it and MathML's own rules do not.

The converter flattens rows, so a browser cannot see that a minus after a bracket is a sign, and knows nothing of named
functions. TeX's rules: The TeXbook, chapter 18.
"""

from itertools import pairwise
from xml.etree.ElementTree import Element

THIN = "0.167em"
_FUNCTIONS = frozenset(
    [
        "arccos",
        "arcsin",
        "arctan",
        "arg",
        "cos",
        "cosh",
        "cot",
        "coth",
        "csc",
        "deg",
        "dim",
        "exp",
        "hom",
        "ker",
        "lg",
        "ln",
        "log",
        "sec",
        "sin",
        "sinh",
        "tan",
        "tanh",
    ]
)
_SCRIPTED = frozenset(["msub", "msup", "msubsup", "munder", "mover", "munderover"])
_SIGNS = frozenset("+-−±∓")
_CLOSING = frozenset(")]}⟩⌋⌉‖|!∥")
_TIGHT = frozenset("/")


def set_spaces(row: Element) -> None:
    """Put thin spaces around the functions of `row`, and none after a sign or around a slash."""
    _bind_signs(row)
    for left, right in list(pairwise(row)):
        if _needs_space(left, right):
            row.insert(list(row).index(right), Element("mspace", {"width": THIN}))


def _bind_signs(row: Element) -> None:
    previous: Element | None = None
    for child in row:
        if child.tag == "mo" and child.text in _SIGNS and (previous is None or _opens(previous)):
            child.set("form", "prefix")
        if child.tag == "mo" and (child.text in _TIGHT or _is_word(child)):
            child.attrib.update(lspace="0em", rspace="0em")
        if _is_function(child) and child.tag in _SCRIPTED and child[0].tag == "mo":
            child[0].attrib.update(lspace="0em", rspace="0em")
        previous = child


def _opens(element: Element) -> bool:
    return element.tag == "mo" and element.text not in _CLOSING and not _is_word(element)


def _needs_space(left: Element, right: Element) -> bool:
    if _is_function(left):
        return _is_function(right) or not _is_operator(right)
    return _is_function(right) and (not _is_operator(left) or _last(left).text in _CLOSING)


def _is_function(element: Element) -> bool:
    if element.tag in _SCRIPTED:
        return len(element) > 0 and _is_function(element[0])
    return element.tag == "mi" and element.text in _FUNCTIONS or element.tag == "mo" and _is_word(element)


def _is_word(element: Element) -> bool:
    text = "".join((element.text or "").split())
    return len(text) > 1 and text.isalpha()


def _is_operator(element: Element) -> bool:
    """A sign that brings its own space, a bracket, or a group between two brackets; white space counts too."""
    if element.tag == "mspace":
        return True
    return _last(element).tag == "mo" or (
        element.tag == "mrow" and len(element) > 0 and _is_operator(element[0])
    )


def _last(element: Element) -> Element:
    return element[-1] if element.tag == "mrow" and len(element) else element
