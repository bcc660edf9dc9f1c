"""Stored attacks in every field of a paper, its text and what is written about it, through every door."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from papers.models import Summary
from tests.attacks import harm, mallory
from tests.base import chief
from tests.posts import office
from tests.posts.test_pages_public import ARXIV_ID, TAG, addresses

pytestmark = pytest.mark.django_db


@pytest.fixture
def published() -> Summary:
    summary = mallory.paper(ARXIV_ID, TAG)
    summary.approve(chief())
    return summary


def harms(client: Client, address: str) -> list[str]:
    response = client.get(address)
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return harm.of(content.decode(), response.headers.get("Content-Type", ""))


def test_what_acts_is_noticed() -> None:
    for attack in mallory.BREAKOUTS[:8] + mallory.BREAKOUTS[15:]:
        assert harm.acting(f"<!doctype html><p>{attack}</p>"), attack


def test_no_public_address_lets_a_paper_act(client: Client, published: Summary) -> None:
    walked = [*addresses(), f"/papers/{ARXIV_ID}.json", f"/papers/{ARXIV_ID}.md", "/search/?q=mallory"]
    assert {address: found for address in walked if (found := harms(client, address))} == {}


def test_twins_and_feeds_are_never_taken_for_pages(client: Client, published: Summary) -> None:
    for address in (f"/papers/{ARXIV_ID}.json", f"/papers/{ARXIV_ID}.md", "/feeds/all/feed.json"):
        response = client.get(address)
        assert "html" not in response["Content-Type"]
        assert response["X-Content-Type-Options"] == "nosniff"


def test_no_page_of_the_office_lets_a_paper_act(published: Summary) -> None:
    mallory.office_rows(published)
    client = office.at_desk(User.objects.create_superuser("boss", password="correct horse"))
    found = {address: harms(client, address) for address in office_addresses()}
    assert {address: what for address, what in found.items() if what} == {}


def office_addresses() -> list[str]:
    """Each list and each first row of the office, and the pages beside them."""
    pages = [reverse("admin:index"), reverse("admin:posts_calendar"), reverse("admin:papers_llmcall_costs")]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages.append(reverse(f"{name}_changelist"))
        pages += [reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.all()[:3]]
    return pages


def test_what_the_desk_answers_while_one_types_is_text(published: Summary) -> None:
    client = office.at_desk(office.editor())
    address = reverse("admin:papers_summary_look", args=[published.pk])
    typed = office.form(published, title=mallory.PAYLOAD, abstract=mallory.PAYLOAD, reading=mallory.reading())
    response = client.post(address, typed)
    assert response.status_code == 200
    assert {text for text in harm.strings(response.json()) if harm.acting(f"<!doctype html>{text}")} == set()
