"""/feeds.opml: every feed as one subscription list. https://opml.org/spec2.opml"""

from lxml import etree

from papers import taxonomy
from posts.feeds import expressions
from posts.feeds.markup import add, document
from posts.feeds.site import SITE, absolute
from posts.models import Digest

MEDIA_TYPE = "text/x-opml"


def write(mixtures: list[expressions.Mixture]) -> bytes:
    """These categories' feeds; without any, all that the site has: digests and their categories."""
    root = etree.Element("opml", {"version": "2.0"})
    add(add(root, "head"), "title", SITE)
    body = add(root, "body")
    if mixtures:
        for mixture in mixtures:
            _category(body, str(mixture))
        return document(root)
    _outline(body, SITE, "/feeds/all/", "/")
    for digest in Digest.objects.filter(active=True):
        _digest(body, digest)
    return document(root)


def _digest(body: etree._Element, digest: Digest) -> None:
    group = add(body, "outline", text=digest.title, title=digest.title)
    _outline(group, digest.title, f"/feeds/d/{digest.slug}/", digest.get_absolute_url())
    for code in taxonomy.canonical_all(digest.categories):
        _category(group, code)


def _category(parent: etree._Element, code: str) -> None:
    known = taxonomy.category(code)
    page = f"/categories/{known.code}/" if known else "/categories/"
    _outline(parent, f"{code} {known.name_zh}" if known else code, f"/feeds/category/{code}/", page)


def _outline(parent: etree._Element, text: str, folder: str, page: str) -> None:
    add(
        parent,
        "outline",
        type="rss",
        text=text,
        title=text,
        xmlUrl=absolute(f"{folder}atom.xml"),
        htmlUrl=absolute(page),
        language="zh-CN",
    )
