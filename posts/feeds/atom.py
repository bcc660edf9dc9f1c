"""Atom 1.0: https://www.rfc-editor.org/rfc/rfc4287"""

from lxml import etree

from posts.feeds.channels import Channel
from posts.feeds.items import Item
from posts.feeds.markup import ATOM, XML_LANG, add, as_html, document, rfc3339
from posts.feeds.site import SITE, absolute, tag_uri

MEDIA_TYPE = "application/atom+xml"


def write(channel: Channel, items: list[Item], updated: str) -> bytes:
    root = etree.Element(f"{{{ATOM}}}feed", {XML_LANG: "zh-CN"}, nsmap={None: ATOM})
    _add(root, "id", tag_uri(channel.address.strip("/")))
    _add(root, "title", channel.title)
    _add(root, "subtitle", channel.description)
    _add(root, "updated", updated)
    own = absolute(f"{channel.path}atom.xml{channel.query}")
    _add(root, "link", rel="self", type=MEDIA_TYPE, href=own)
    _add(root, "link", rel="alternate", type="text/html", href=absolute(channel.page))
    author = _add(root, "author")
    _add(author, "name", SITE)
    _add(author, "uri", absolute("/"))
    for item in items:
        _entry(root, item)
    return document(root)


def _entry(root: etree._Element, item: Item) -> None:
    entry = _add(root, "entry")
    _add(entry, "id", item.id)
    _add(entry, "title", as_html(item.title), type="html")
    _add(entry, "link", rel="alternate", type="text/html", href=item.url)
    if item.source:
        _add(entry, "link", rel="related", type="text/html", href=item.source, title="arXiv")
    _add(entry, "published", rfc3339(item.published))
    _add(entry, "updated", rfc3339(item.updated))
    for name in item.authors:
        _add(_add(entry, "author"), "name", name)
    for category in item.categories:
        label = {"label": category.name} if category.name else {}
        _add(entry, "category", term=category.code, scheme="http://arxiv.org/schemas/atom", **label)
    for tag in item.tags:
        _add(entry, "category", term=tag)
    _add(entry, "summary", as_html(item.summary), type="html")
    _add(entry, "content", item.content, type="html")


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    return add(parent, f"{{{ATOM}}}{name}", text, **attributes)
