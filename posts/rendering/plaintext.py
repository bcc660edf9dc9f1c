"""Elements -> a line of text, for titles of feeds, descriptions and search."""

from functools import lru_cache
from xml.etree.ElementTree import Element

from pylatexenc.latex2text import LatexNodes2Text

_TEX = LatexNodes2Text(math_mode="text", strict_latex_spaces=False)


def spoken(holder: Element) -> str:
    """The text of `holder`, each formula as Unicode text."""
    pieces = [holder.text or ""]
    for child in holder:
        tex = child.findtext("semantics/annotation") if child.tag == "math" else None
        pieces += [_unicode(tex) if tex is not None else spoken(child), child.tail or ""]
    return "".join(pieces)


@lru_cache(maxsize=1024)
def _unicode(tex: str) -> str:
    """`\\alpha_i` as α_i; the TeX itself where that fails."""
    # pylatexenc's macros for layouts assume arguments that a broken formula does not have.
    try:
        return _TEX.latex_to_text(tex).strip() or tex
    except Exception:  # noqa: BLE001
        return tex
