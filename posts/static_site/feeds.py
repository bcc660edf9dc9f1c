"""The three formats of a feed out of one look at its papers."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import unquote

from django.urls import resolve

from posts.feeds import channels
from posts.feeds.channels import Channel
from posts.feeds.days import of_days
from posts.feeds.items import of_papers
from posts.feeds.markup import rfc3339
from posts.feeds.newest import newest
from posts.feeds.views import FORMATS, NEVER

from .addresses import without_server
from .pages import Page

FOLDER = "/feeds/"


def bake(pages: Sequence[Page]) -> Iterable[tuple[Page, bytes]]:
    """Feeds and their bytes; formats of the same feed share the work."""
    groups: dict[str, list[Page]] = {}
    for page in pages:
        groups.setdefault(page.address.rpartition("/")[0], []).append(page)
    for group in groups.values():
        channel = _channel(group[0].address)
        if channel.by_day:
            items = of_days(channel.posts)
        else:
            items = of_papers(newest(channel.entries, channel.posts))
        items = [replace(item, content=without_server(item.content)) for item in items]
        updated = rfc3339(max((item.updated for item in items), default=NEVER))
        for page in group:
            writer = FORMATS[page.address.rpartition("/")[2]]
            yield page, writer.write(channel, items, updated)


def _channel(address: str) -> Channel:
    found = resolve(unquote(address))
    named = {key: value for key, value in found.kwargs.items() if key != "format"}
    make = {
        "feeds-all": channels.of_all,
        "feeds-category": channels.of_categories,
        "feeds-tag": channels.of_tag,
        "feeds-digest": channels.of_digest,
        "feeds-days": lambda slug: channels.of_digest(slug, by_day=True),
    }[found.url_name or ""]
    return make(*named.values())
