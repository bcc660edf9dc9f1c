"""The promise of the site: nothing unpublished behind any public address, everything published behind all."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from papers.models import Paper, Summary
from posts.models import DailyPost, Entry
from tests.base import chief, make_entry, make_observer, make_paper, make_post, make_summary, most_queries

pytestmark = pytest.mark.django_db

ARXIV_ID = "2601.23456"
TAG = "保密标签"
SECRETS = ("密文标题", "密文摘要", "密文解读", "Secret Title", "Secret abstract", ARXIV_ID, TAG)

# What the arguments of public addresses are called, and values that lead to the secret paper. An
# address with an argument that is not here fails the test: say what it means, then it is walked too.
VALUES = {
    "slug": ["speech"],
    "year": ["2026"],
    "month": ["01"],
    "day": ["28"],
    "code": ["cs.SD", "cs.CL"],
    "section": ["days", "papers", "pages"],
    "arxiv_id": [ARXIV_ID],
    "tag": [TAG],
    "digest": ["speech"],
    "categories": ["cs.SD", "cs.SD+eess.AS-math.NA"],
    "format": ["rss.xml", "atom.xml", "feed.json"],
    "token": ["nobody"],
}
NAMES = {"papers/": [ARXIV_ID], "tags/": [TAG], "glossary/": ["token"]}
QUERIES = {
    "search/": ["?q=密文", "?q=Secret", f"?q={ARXIV_ID}", "?author=Ada+Secret"],
    "d/": ["?since=2026-01-01"],
    "stars/": [f"?ids={ARXIV_ID}"],
    "archive/": ["?year=2026"],
    "categories/": ["?page=1"],
    "feeds/search/": ["?q=密文"],
}
# These speak of no paper, or show none before they are asked for one.
WITHOUT_PAPERS = [
    *(
        "/about/",
        "/subscribe/",
        "/glossary/",
        "/robots.txt",
        "/healthz",
        "/ledger.json",
        "/feeds.opml",
        "/statistics/",
    ),
    *("/mail/", "/mail/confirm/nobody/", "/mail/leave/nobody/"),
    *("/search/", "/stars/", "/glossary/token/", "/sitemap.xml", "/sitemap-pages.xml"),
    *(f"/feeds/search/{name}" for name in VALUES["format"]),
]


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, route)
        else:
            yield route, pattern


def public_routes() -> list[tuple[str, URLPattern]]:
    return [(route, pattern) for route, pattern in patterns(get_resolver()) if not route.startswith("admin/")]


def addresses() -> list[str]:
    """Every public address, with each value its arguments may have."""
    return ["/" + address for route, pattern in public_routes() for address in filled(route, pattern)]


def filled(route: str, pattern: URLPattern) -> Iterator[str]:
    found = [route]
    for name, converter in pattern.pattern.converters.items():
        values = NAMES.get(route.split("<")[0], []) if name == "name" else VALUES.get(name, [])
        assert values, f"the walk does not know what {name} in {route} is"
        marks = [mark for mark in (f"<{kind}:{name}>" for kind in kinds_of(converter)) if mark in route]
        found = [
            one.replace(mark, value) for one in found for mark in (marks or [f"<{name}>"]) for value in values
        ]
    for address in found:
        yield address
        for start, queries in QUERIES.items():
            if address.startswith(start):
                yield from (address + query for query in queries)


def kinds_of(converter: object) -> list[str]:
    from django.urls.converters import get_converters

    return [kind for kind, known in get_converters().items() if type(known) is type(converter)]


def body(client: Client, address: str) -> str:
    response = client.get(address)
    alarmed = (503,) if address == "/ledger.json" else ()
    assert response.status_code in (200, 404, 410, *alarmed), (address, response.status_code)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


def leaks(text: str, address: str) -> list[str]:
    asked = address.replace("%", "")
    return [secret for secret in SECRETS if secret in text and secret not in asked]


@pytest.fixture
def secret() -> Summary:
    paper = make_paper(
        ARXIV_ID,
        title="Secret Title",
        abstract="Secret abstract.",
        authors=["Ada Secret"],
        categories=["cs.SD", "cs.CL"],
    )
    paper.tags.add(TAG)
    return make_summary("needs_review", paper, title="密文标题", abstract="密文摘要。", reading="密文解读。")


def unpublished(client: Client) -> dict[str, list[str]]:
    return {address: found for address in addresses() if (found := leaks(body(client, address), address))}


def test_a_draft_post_shows_nothing_of_an_approved_paper(client: Client, secret: Summary) -> None:
    make_entry(make_post(), secret)
    secret.approve(chief())
    assert unpublished(client) == {}


def test_a_published_post_shows_nothing_of_a_paper_in_review(client: Client, secret: Summary) -> None:
    make_entry(make_post(published=True), secret)
    assert unpublished(client) == {}


def test_a_paper_held_back_by_a_rule_is_shown_nowhere(client: Client, secret: Summary) -> None:
    make_entry(make_post(published=True), secret, held="排除词：x")
    secret.approve(chief())
    assert unpublished(client) == {}


def test_a_withdrawn_text_is_gone_everywhere(client: Client, secret: Summary) -> None:
    make_entry(make_post(published=True), secret)
    secret.approve(chief())
    body(client, "/search/?q=密文")
    secret.withdraw(chief(), "译错了")
    assert unpublished(client) == {}


def test_a_withdrawn_post_is_gone_everywhere(client: Client, secret: Summary) -> None:
    post = make_post(published=True)
    make_entry(post, secret)
    secret.approve(chief())
    body(client, "/search/?q=密文")
    post.withdraw(chief(), "发早了")
    assert unpublished(client) == {}


def test_a_newer_text_in_review_does_not_show(client: Client, secret: Summary) -> None:
    make_entry(make_post(published=True), secret)
    secret.approve(chief())
    secret.edit(chief(), secret.current, title="尚未通过", abstract="尚未通过。", reading="尚未通过。")
    assert {address for address in addresses() if "尚未通过" in body(client, address)} == set()


def test_what_is_published_shows_behind_every_address(client: Client, secret: Summary) -> None:
    make_entry(make_post(published=True), secret)
    assert unpublished(client) == {}
    secret.approve(chief())
    empty = [
        address
        for address in addresses()
        if address not in WITHOUT_PAPERS
        and not any(mark in body(client, address) for mark in ("密文", ARXIV_ID, "2026/01/28", "cs.SD", TAG))
    ]
    assert empty == []


def test_a_preview_is_for_those_who_may_see_the_admin(client: Client, secret: Summary) -> None:
    post = make_post()
    make_entry(post, secret)
    address = f"{post.get_absolute_url()}?preview=1"
    assert client.get(address).status_code == 302
    client.force_login(make_observer())
    assert client.get(address).status_code == 302
    client.force_login(chief())
    response = client.get(address)
    assert "密文标题" in response.content.decode()
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("papers", [1, 12])
def test_the_number_of_queries_does_not_grow(
    client: Client, secret: Summary, papers: int, django_assert_max_num_queries
) -> None:
    post = make_post(published=True)
    make_entry(post, secret)
    secret.approve(chief())
    for number in range(papers - 1):
        paper = make_paper(authors=[f"Author {number}"])
        paper.tags.add(TAG)
        make_entry(post, make_summary("approved", paper))
    client.get("/search/?q=密文")
    DailyPost.objects.filter(pk=post.pk).update(changed_at=dt.datetime(2026, 1, 29, tzinfo=dt.UTC))
    assert (Paper.objects.count(), Entry.objects.count()) == (papers, papers)
    for address in addresses():
        with django_assert_max_num_queries(most_queries(), info=address):
            client.get(address)
