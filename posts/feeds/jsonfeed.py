"""JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/"""

import json
from typing import Any

from posts.feeds.channels import SITE, Channel
from posts.feeds.items import Item, absolute
from posts.feeds.markup import legal, rfc3339

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
    return legal(json.dumps(feed, ensure_ascii=False, indent=1)).encode()


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
