"""RSS 2.0 with whole texts: https://www.rssboard.org/rss-specification and /rss-profile"""

from email.utils import format_datetime

from lxml import etree

from posts.feeds.channels import Channel
from posts.feeds.items import Item
from posts.feeds.markup import ATOM, CONTENT, DC, add, as_html, document, rfc3339
from posts.feeds.site import absolute

MEDIA_TYPE = "application/rss+xml"


def write(channel: Channel, items: list[Item], updated: str) -> bytes:
    root = etree.Element("rss", {"version": "2.0"}, nsmap={"atom": ATOM, "content": CONTENT, "dc": DC})
    top = add(root, "channel")
    add(top, "title", as_html(channel.title))
    add(top, "link", absolute(channel.page))
    add(top, "description", as_html(channel.description))
    own = absolute(f"{channel.path}rss.xml{channel.query}")
    add(top, f"{{{ATOM}}}link", rel="self", type=MEDIA_TYPE, href=own)
    add(top, f"{{{ATOM}}}updated", updated)
    add(top, "language", "zh-cn")
    add(top, "docs", "https://www.rssboard.org/rss-specification")
    add(top, "ttl", "60")
    for item in items:
        _item(top, item)
    return document(root)


def _item(top: etree._Element, item: Item) -> None:
    element = add(top, "item")
    add(element, "title", as_html(item.title))
    add(element, "link", item.url)
    add(element, "guid", item.id, isPermaLink="false")
    add(element, "pubDate", format_datetime(item.published))
    add(element, f"{{{ATOM}}}updated", rfc3339(item.updated))
    for name in item.authors:
        add(element, f"{{{DC}}}creator", name)
    for category in item.categories:
        add(element, "category", category.code, domain="http://arxiv.org/schemas/atom")
    for tag in item.tags:
        add(element, "category", tag)
    add(element, "description", as_html(item.summary))
    add(element, f"{{{CONTENT}}}encoded", item.content)
