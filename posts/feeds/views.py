"""The feeds' addresses. Feeds are the same for everyone: no session, no user, no Host."""

import datetime as dt
from types import ModuleType

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from posts.feeds import atom, channels, expressions, jsonfeed, opml, rss
from posts.feeds.channels import Channel
from posts.feeds.days import of_days
from posts.feeds.items import Item, of_papers
from posts.feeds.markup import rfc3339
from posts.feeds.newest import newest
from posts.models import Entry
from posts.page_cache import FEED_CACHE_CONTROL

FORMATS: dict[str, ModuleType] = {"rss.xml": rss, "atom.xml": atom, "feed.json": jsonfeed}
# An empty feed is as old as arXiv, or it would be new at every request.
NEVER = dt.datetime(1991, 8, 14, tzinfo=dt.UTC)
MOST_OUTLINES = 200


@require_safe
def all_papers(request: HttpRequest, format: str) -> HttpResponse:
    return _feed(channels.of_all(), format)


@require_safe
def category(request: HttpRequest, categories: str, format: str) -> HttpResponse:
    return _feed(channels.of_categories(categories), format)


@require_safe
def tag(request: HttpRequest, tag: str, format: str) -> HttpResponse:
    return _feed(channels.of_tag(tag), format)


@require_safe
def digest(request: HttpRequest, digest: str, format: str) -> HttpResponse:
    return _feed(channels.of_digest(digest), format)


@require_safe
def days(request: HttpRequest, digest: str, format: str) -> HttpResponse:
    return _feed(channels.of_digest(digest, by_day=True), format)


@require_safe
def search(request: HttpRequest, format: str) -> HttpResponse:
    return _feed(channels.of_search(request.GET.dict()), format)


@require_safe
def subscriptions(request: HttpRequest) -> HttpResponse:
    """/feeds.opml, or with ?cat=cs.SD,cs.CL the feeds of these categories."""
    asked = [text for text in request.GET.get("cat", "").split(",") if text.strip()][:MOST_OUTLINES]
    mixtures = [expressions.parse(text.strip()) for text in asked]
    if None in mixtures:
        raise Http404("没有这个分类；写法如 /feeds.opml?cat=cs.SD,eess.AS")
    return _answer(opml.write([mixture for mixture in mixtures if mixture]), opml.MEDIA_TYPE)


def _feed(channel: Channel, format: str) -> HttpResponse:
    items = of_days(channel.posts) if channel.by_day else of_papers(_newest(channel))
    writer = FORMATS[format]
    response = _answer(writer.write(channel, items, rfc3339(_updated(items))), writer.MEDIA_TYPE)
    if not channel.is_complete:
        # The search index still catches up; nobody shall keep half a result.
        response["Cache-Control"] = "no-store"
    return response


def _newest(channel: Channel) -> list[Entry]:
    return newest(channel.entries, channel.posts, channel.sparse)


def _updated(items: list[Item]) -> dt.datetime:
    return max((item.updated for item in items), default=NEVER)


def _answer(body: bytes, media_type: str) -> HttpResponse:
    return HttpResponse(
        body,
        content_type=f"{media_type}; charset=utf-8",
        headers={"Access-Control-Allow-Origin": "*", "Cache-Control": FEED_CACHE_CONTROL},
    )
