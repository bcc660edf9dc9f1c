"""JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/"""

import json
from typing import Any

from posts.feeds.channels import Channel
from posts.feeds.items import Item
from posts.feeds.markup import legal, rfc3339
from posts.feeds.site import SITE, absolute

MEDIA_TYPE = "application/feed+json"


def write(channel: Channel, items: list[Item], updated: str) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": absolute(channel.page),
        "feed_url": absolute(f"{channel.path}feed.json{channel.query}"),
        "description": channel.description,
        "language": "zh-CN",
        "authors": [{"name": SITE, "url": absolute("/")}],
        "items": [_item(item) for item in items],
    }
    try:
        return _encoded(feed)
    except ValueError:
        return json.dumps(_legal(feed), ensure_ascii=False).encode()


def _encoded(feed: Any) -> bytes:
    """UTF-8; ValueError where there may be characters that readers cannot carry."""
    text = json.dumps(feed, ensure_ascii=False)
    if "\\u00" in text:
        raise ValueError("escaped control characters")
    return text.encode()


def _legal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _legal(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_legal(part) for part in value]
    return legal(value) if isinstance(value, str) else value


def _item(item: Item) -> dict[str, Any]:
    """One item; `_arxiv` is our extension for programs."""
    whole = {
        "id": item.id,
        "url": item.url,
        "external_url": item.source,
        "title": item.title,
        "summary": item.summary,
        "content_html": item.content,
        "date_published": rfc3339(item.published),
        "date_modified": rfc3339(item.updated),
        "authors": [{"name": name} for name in item.authors],
        "tags": [*(category.code for category in item.categories), *item.tags],
        "_arxiv": item.facts,
    }
    return {name: value for name, value in whole.items() if value}
