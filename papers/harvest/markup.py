"""Strict reading of arXiv's XML: an answer that is not the whole document is an error."""

import codecs
import re

from lxml import etree

from papers.harvest.values import SourceError

# What XML 1.0 forbids: one stray form feed in one abstract must not cost a day's feed.
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r"})
_NONCHARACTERS = re.compile("[\ufffe\uffff]")
_SUSPECT = (b"&#", "\ufffe".encode()[:2])
_ILLEGAL_REFERENCE = re.compile(
    r"&#(?:x0*(?:[0-8bce-f]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2\d|3[01]));", re.IGNORECASE
)


def parse_xml(body: bytes, root: str) -> etree._Element:
    """The document's root, which must be an element named `root` in any namespace.

    Raises SourceError: "broken" for an empty body, HTML or anything else, "truncated" if it breaks
    off. Entities are not resolved and nothing is fetched.
    """
    text = legal(body)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        tree = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise _explained(text, root, error) from error
    if etree.QName(tree).localname != root:
        raise SourceError("broken", f"<{etree.QName(tree).localname}> where <{root}> was expected")
    return tree


def legal(body: bytes) -> bytes:
    """The same UTF-8 document without bytes and references that XML 1.0 forbids."""
    # Control characters are never part of a longer one in UTF-8; the other searches are for the rare document.
    text = body.translate(None, _CONTROLS)
    if any(sign in text for sign in _SUSPECT) or not _is_utf8(text):
        text = _ILLEGAL_REFERENCE.sub("", _NONCHARACTERS.sub("", text.decode("utf-8", "replace"))).encode()
    return text.removeprefix(codecs.BOM_UTF8).strip()


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _explained(text: bytes, root: str, error: etree.XMLSyntaxError) -> SourceError:
    if not text:
        return SourceError("broken", "an empty body")
    begun = f"<{root}".encode() in text[:2000]
    if begun and not text.endswith(f"</{root}>".encode()):
        return SourceError("truncated", f"the document breaks off after {len(text)} bytes")
    kind = "HTML" if text[:200].lower().lstrip().startswith((b"<!doctype html", b"<html")) else "not XML"
    return SourceError("broken", f"{kind}: {error}")
