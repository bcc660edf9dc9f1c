"""Every address of the built site, each with the fingerprint of what decides its content."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse

from posts import addresses
from posts.models import Digest
from posts.sitemaps import SITEMAPS
from posts.templatetags import pages as links
from posts.views.common import LAST_PAGE, PAGE_SIZE

from .addresses import file_of
from .state import PublicEntry, State, fingerprint

TWINS = ("md", "json", "bib")


@dataclass
class Page:
    """A live address. `lists` decides which papers it shows; their texts count by themselves.

    `paper` is set for the pages of one paper: there other papers count by their titles only. `term` is
    set for the page of a term: every paper that has its words counts.
    """

    address: str
    lists: str
    paper: str = ""
    term: str = ""

    @cached_property
    def file(self) -> str:
        return file_of(self.address)


def pages_of(state: State) -> Iterator[Page]:
    yield from _standing(state)
    for digest in state.digests:
        yield from _days(state, digest)
    for arxiv_id, pk in state.numbers.items():
        yield from _paper(state, arxiv_id, pk)
    for code, entries in state.categories.items():
        yield from _shelf(addresses.category(code), links.category_feeds(code), entries, state.digest_print)
    for name, entries in state.tags.items():
        posts = [state.post_prints.get(pk) for pk in state.post_tags.get(name, [])]
        yield from _shelf(addresses.tag(name), links.tag_feeds(name), entries, fingerprint(posts))


def found_later(state: State, address: str) -> Page:
    """A page that other pages link to and this list does not know: made again whenever anything changes."""
    return Page(address, fingerprint(state.lists, state.texts, state.terms))


def _standing(state: State) -> Iterator[Page]:
    everything = fingerprint(state.lists, sorted(state.tags), sorted(state.categories))
    names = ["home", "categories", "tags", "archive", "about", "subscribe", "stars", "search", "robots"]
    for name in names:
        yield Page(reverse(f"posts-{name}"), everything)
    yield Page(reverse("posts-statistics"), fingerprint(everything, state.texts))
    yield Page(reverse("posts-glossary"), fingerprint(state.terms))
    yield Page(reverse("feeds-opml"), everything)
    dated = fingerprint(everything, state.texts, state.generation)
    yield Page("/sitemap.xml", dated)
    for section in SITEMAPS:
        yield Page(reverse("posts-sitemap", args=[section]), dated)
    yield from _feeds("/feeds/all/", everything)
    for english, row in state.terms.items():
        yield Page(addresses.term(english), row, term=english)
    for digest in state.digests:
        yield from _digest(state, digest, everything)


def _digest(state: State, digest: Digest, everything: str) -> Iterator[Page]:
    yield Page(digest.get_absolute_url(), everything)
    yield from _feeds(links.feeds_of(digest), everything)
    yield from _feeds(links.day_feeds_of(digest), everything)
    years = sorted({post.date.year for post in state.posts if post.digest_id == digest.pk})
    if years:
        yield Page(f"/archive/?digest={digest.slug}", everything)
    for year in years:
        yield Page(f"/archive/?digest={digest.slug}&year={year}", everything)


def _days(state: State, digest: Digest) -> Iterator[Page]:
    posts = [post for post in state.posts if post.digest_id == digest.pk]
    dates = [post.date for post in posts]
    for at, post in enumerate(posts):
        shown = state.by_post.get(post.pk)
        neighbours = dates[max(0, at - 1) : at + 2]
        lists = fingerprint(state.post_prints[post.pk], neighbours, state.digest_print, shown)
        url = addresses.day(digest.slug, post.date)
        yield Page(url, lists)
        for twin in ("md", "json"):
            yield Page(f"{url.rstrip('/')}.{twin}", lists)


def _paper(state: State, arxiv_id: str, pk: int) -> Iterator[Page]:
    url = addresses.paper(arxiv_id)
    yield Page(url, fingerprint(state.related(pk), state.digest_print), paper=arxiv_id)
    for twin in TWINS:
        yield Page(f"{url.rstrip('/')}.{twin}", "", paper=arxiv_id)


def _shelf(url: str, feeds: str, entries: list[PublicEntry], also: Any) -> Iterator[Page]:
    lists = fingerprint(entries, also)
    yield Page(url, lists)
    last = min(LAST_PAGE, -(-len(entries) // PAGE_SIZE))
    for number in range(2, last + 1):
        yield Page(f"{url}?page={number}", lists)
    yield from _feeds(feeds, lists)


def _feeds(base: str, lists: str) -> Iterator[Page]:
    for name, _, _ in links.FEEDS:
        yield Page(base + name, lists)
