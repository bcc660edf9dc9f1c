"""What the templates of the public pages need: Chinese dates, whole addresses, feed links."""

import datetime as dt
from typing import Any
from urllib.parse import quote, urlencode

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from posts.models import Digest

register = template.Library()

# file name, media type, label
FEEDS = (
    ("atom.xml", "application/atom+xml", "Atom"),
    ("rss.xml", "application/rss+xml", "RSS"),
    ("feed.json", "application/feed+json", "JSON Feed"),
)


@register.filter
def day(date: dt.date) -> str:
    """2026年1月28日"""
    return f"{date.year}年{date.month}月{date.day}日"


@register.filter
def clock(moment: dt.datetime) -> str:
    """2026-01-28 08:50, in the zone that the moment carries."""
    return f"{moment:%Y-%m-%d %H:%M}"


@register.filter
def feeds_of(digest: Digest) -> str:
    """Where the feeds of a digest are, one item per paper."""
    return f"/feeds/d/{digest.slug}/"


@register.filter
def day_feeds_of(digest: Digest) -> str:
    """Where the feeds of a digest are, one item per day."""
    return f"/feeds/d/{digest.slug}/days/"


@register.filter
def category_feeds(code: str) -> str:
    return f"/feeds/category/{code}/"


@register.filter
def tag_feeds(name: str) -> str:
    return f"/feeds/tag/{quote(name)}/"


@register.simple_tag
def absolute(path: str) -> str:
    """A path as an address that means the same everywhere, whatever host was asked."""
    return f"{settings.SITE_URL}{path}"


@register.simple_tag
def alternates(base: str, title: str, search_query: str = "") -> SafeString:
    """The <link rel=alternate> lines of the feeds under `base`."""
    query = f"?{urlencode({'q': search_query})}" if search_query else ""
    return format_html_join(
        "\n",
        '<link rel="alternate" type="{}" title="{}（{}）" href="{}{}{}">',
        ((kind, title, label, base, name, query) for name, kind, label in FEEDS),
    )


@register.simple_tag
def feed_links(base: str) -> SafeString:
    """The same as visible links, one per format."""
    links = (format_html('<a href="{}{}">{}</a>', base, name, label) for name, _, label in FEEDS)
    return format_html_join(" ", "{}", ((link,) for link in links))


@register.simple_tag(takes_context=True)
def page_query(context: dict[str, Any], number: int) -> str:
    """The query string of another page of the same list."""
    query = context["request"].GET.copy()
    query["page"] = str(number)
    return query.urlencode()


def _changed(context: dict[str, Any], **changes: str | None) -> str:
    """The query string with these values set (or, with None, gone), back on the first page."""
    query = context["request"].GET.copy()
    for name, value in {"page": None, **changes}.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value
    return query.urlencode()


@register.simple_tag(takes_context=True)
def with_facet(context: dict[str, Any], kind: str, value: str) -> str:
    return _changed(context, **{kind: value})


@register.simple_tag(takes_context=True)
def without(context: dict[str, Any], kind: str) -> str:
    return _changed(context, **{kind: None})
