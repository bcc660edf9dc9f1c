"""Pieces of inline text -> elements."""

from xml.etree.ElementTree import Element

from posts.rendering import emphasis
from posts.rendering.emphasis import Piece, Run


def build(parent: Element, pieces: list[Piece]) -> None:
    """Append the pieces to `parent`, nesting what paired runs enclose."""
    emphasis.pair(pieces)
    emphasis.pair_spaced(pieces)
    path = [parent]
    for piece in pieces:
        if isinstance(piece, Run):
            _build_run(path, piece)
        elif isinstance(piece, Element):
            path[-1].append(piece)
        else:
            _append_text(path[-1], piece)


def code(text: str) -> Element:
    made = Element("code")
    made.text = text
    return made


def link(address: str, text: str = "") -> Element:
    made = Element("a", {"href": address})
    made.text = text
    return made


def unlinked(piece: Piece) -> Piece:
    """No link inside a link: an address in a link's text is text."""
    return "".join(piece.itertext()) if isinstance(piece, Element) and piece.tag == "a" else piece


def _build_run(path: list[Element], run: Run) -> None:
    del path[len(path) - len(run.closes) :]
    _append_text(path[-1], run.literal())
    for kind in reversed(run.opens):
        made = Element(kind)
        # Too deep for any reader: the text goes on without the emphasis.
        if len(path) <= emphasis.MAX_NESTING:
            path[-1].append(made)
        path.append(made if len(path) <= emphasis.MAX_NESTING else path[-1])


def _append_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
