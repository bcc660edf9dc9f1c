"""What the templates of the public pages need: Chinese dates, whole addresses, feed links."""

import datetime as dt
import re
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe

from papers.models import Term
from posts import addresses, names
from posts.models import DailyPost, Digest

register = template.Library()
register.filter(names.public_name)
register.filter(names.office_name)

# What arXiv's licence addresses are called.
LICENCES = (
    (re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)"), "CC {} {}"),
    (re.compile(r"creativecommons\.org/publicdomain/zero/(\d\.\d)"), "CC0 {}"),
    (re.compile(r"arxiv\.org/licenses/nonexclusive-distrib/(\d\.\d)"), "arXiv 非独占发行许可 {}"),
)

FORMULA = re.compile(r"<math\b.*?<annotation[^>]*>(.*?)</annotation>.*?</math>", re.DOTALL)

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
def short_day(date: dt.date) -> str:
    """1月28日"""
    return f"{date.month}月{date.day}日"


@register.filter
def term_address(term: Term) -> str:
    """/glossary/zero-shot/, quoted"""
    return addresses.term(term.english)


@register.filter
def twin(post: DailyPost, kind: str) -> str:
    """/d/speech/2026/01/28.md"""
    return f"{post.get_absolute_url().removesuffix('/')}.{kind}"


@register.filter
def licence(address: str) -> SafeString:
    """A licence as a link that says its name: CC BY 4.0."""
    if not address.startswith(("http://", "https://")):
        return format_html("{}", address)
    found = ((pattern.search(address), name) for pattern, name in LICENCES)
    names = [name.format(*(part.upper() for part in match.groups())) for match, name in found if match]
    return format_html('<a rel="license" href="{}">{}</a>', address, names[0] if names else address)


@register.filter
def words(html: str) -> str:
    """A rendered sentence as a reader would quote it: no markup, formulae as TeX."""
    return unescape(strip_tags(FORMULA.sub(r"$\1$", html)))


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


@register.simple_tag(takes_context=True)
def nav_link(context: dict[str, Any], name: str, label: str) -> SafeString:
    """A link of the site's own navigation, marked when it leads to this page."""
    address = reverse(name)
    here = getattr(context.get("request"), "path", "") == address
    return format_html(
        '<a href="{}"{}>{}</a>', address, mark_safe(' aria-current="page"') if here else "", label
    )
