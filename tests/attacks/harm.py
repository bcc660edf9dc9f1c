"""Whether something on a page, in a feed or in a twin would act in a reader's browser.

Pages are read with html5lib, which builds the tree that a browser would build.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
from lxml import etree

URLS = {"href", "src", "action", "formaction", "data", "srcdoc", "xlink:href", "poster", "background"}
SCHEMES = ("", "http", "https", "mailto", "data")


def of(content: str, kind: str) -> list[str]:
    """What of Mallory's would act in a reader's browser; empty when all of it is only text."""
    if "json" in kind:
        return [
            found for text in strings(json.loads(content)) if looks_like_html(text) for found in acting(text)
        ]
    if "xml" in kind or "svg" in kind:
        return [found for text in embedded(content) for found in acting(text)]
    return acting(content) if "html" in kind else []


def looks_like_html(text: str) -> bool:
    """JSON twins carry text; only what they call HTML is read as HTML by anybody."""
    return text.lstrip().startswith(("<p", "<h", "<ul", "<div"))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)


def embedded(content: str) -> Iterator[str]:
    """The document itself, and the HTML that feeds carry as text."""
    root = etree.fromstring(content.encode(), etree.XMLParser(resolve_entities=False))
    yield from (node.text or "" for node in root.iter() if node.get("type") == "html")
    yield from (node.text or "" for node in root.iter("{http://purl.org/rss/1.0/modules/content/}encoded"))
    for node in root.iter(etree.Element):
        assert "mallory" not in str(node.tag), content[:200]
        assert not any(name.startswith("on") for name in node.attrib), node.attrib


def acting(page: str) -> list[str]:
    tree = html5lib.parse(page, namespaceHTMLElements=True)
    return [f"{tag_of(node)} {wrong}" for node in tree.iter() for wrong in wrongs(node)]


def tag_of(node: Element) -> str:
    return str(node.tag).split("}")[-1]


def wrongs(node: Element) -> Iterator[str]:
    tag = tag_of(node)
    if tag in ("mallory", "iframe", "base", "annotation-xml", "object", "embed"):
        yield "stands on the page"
    if tag == "script" and not own_script(node):
        yield "runs inline"
    if tag == "style" or "style" in node.attrib:
        yield "styles inline"
    for name, value in node.attrib.items():
        if name.startswith("on"):
            yield f"listens with {name}"
        if name in URLS and leads_astray("".join(value.split()), tag):
            yield f"leads to {value[:60]}"


def leads_astray(url: str, tag: str) -> bool:
    """To a script, or, without a click, to Mallory's machine: that is tracking. Links may lead anywhere."""
    parts = urlsplit(url)
    fetched = tag not in ("a", "area") and parts.netloc == "evil.example"
    return parts.scheme.lower() not in SCHEMES or url.startswith("data:text") or fetched


def own_script(node: Element) -> bool:
    """A file of ours, or data that no browser runs."""
    return node.get("src", "").startswith(("/static/", "/admin/jsi18n/")) or node.get("type") in (
        "application/json",
        "application/ld+json",
    )
