"""Edits that are no verbs are seen by the next request all the same: tags, terms, digests, names."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from taggit.models import Tag

from papers.models import Generation, Paper, Summary, Term
from posts import search_index
from posts.models import DailyPost, Digest
from posts.search import search
from tests.base import make_editor, make_post, make_public_paper, make_summary

pytestmark = pytest.mark.django_db

DAY = "/d/speech/2026/01/28/"


@pytest.fixture
def paper() -> Paper:
    return make_public_paper("2601.19786")


def says(client: Client, address: str, words: str) -> bool:
    response = client.get(address)
    return response.status_code == 200 and words in response.content.decode()


def tag_paper() -> None:
    Paper.objects.get().tags.add("语音转换")


def tag_day() -> None:
    DailyPost.objects.get().tags.add("专题")


def rename_digest() -> None:
    digest = Digest.objects.get(slug="speech")
    digest.title = "声音日报"
    digest.save()


def add_term() -> None:
    Term.objects.create(english="vocoder bank", chinese="声码器组")


def rename_reviewer() -> None:
    person = Summary.objects.get().reviewed_by or make_editor()
    Summary.objects.update(reviewed_by=person)
    person.last_name = "审校人甲"
    person.save()


@pytest.mark.parametrize(
    ("address", "words", "edit"),
    [
        ("/papers/2601.19786/", "语音转换", tag_paper),
        (DAY, "语音转换", tag_paper),
        ("/feeds/all/atom.xml", "语音转换", tag_paper),
        (DAY, "专题", tag_day),
        (DAY, "声音日报", rename_digest),
        ("/feeds.opml", "声音日报", rename_digest),
        ("/glossary/", "声码器组", add_term),
        ("/papers/2601.19786/", "审校人甲", rename_reviewer),
    ],
)
def test_an_edit_shows_at_once(
    client: Client, paper: Paper, address: str, words: str, edit: Callable[[], None]
) -> None:
    assert not says(client, address, words)
    edit()
    assert says(client, address, words)


def test_a_renamed_tag_and_a_removed_one_show_at_once(client: Client, paper: Paper) -> None:
    paper.tags.add("旧名")
    assert says(client, DAY, "旧名")
    tag = Tag.objects.get(name="旧名")
    tag.name = "新名"
    tag.save()
    assert says(client, DAY, "新名")
    tag.delete()
    assert not says(client, DAY, "新名")


def test_the_search_follows_the_tags(paper: Paper) -> None:
    def tagged(name: str) -> list[int]:
        search_index.catch_up()
        return search("", {"tag": name}).papers

    assert tagged("语音") == []
    paper.tags.add("语音")
    assert tagged("语音") == [paper.pk]
    tag = Tag.objects.get(name="语音")
    tag.name = "声音"
    tag.save()
    assert (tagged("语音"), tagged("声音")) == ([], [paper.pk])
    tag.delete()
    assert tagged("声音") == []


def test_a_tag_set_in_the_admin_shows_at_once(client: Client, paper: Paper, admin_client: Client) -> None:
    assert not says(client, DAY, "新标签")
    page = admin_client.get(reverse("admin:papers_paper_change", args=[paper.pk]))
    form: dict[str, Any] = {"tags": "新标签"}
    for inline in page.context["inline_admin_formsets"]:
        form |= {
            f"{inline.formset.prefix}-{name}": value
            for name, value in inline.formset.management_form.initial.items()
        }
    answer = admin_client.post(reverse("admin:papers_paper_change", args=[paper.pk]), form)
    assert answer.status_code == 302
    assert says(client, DAY, "新标签")


def test_what_no_reader_sees_counts_no_change() -> None:
    summary = make_summary("needs_review")
    person = make_editor()
    post = make_post()
    before = Generation.objects.values_list("number", flat=True).first()
    summary.paper.tags.add("语音")
    post.tags.add("专题")
    person.save(update_fields=["last_login"])
    assert Generation.objects.values_list("number", flat=True).first() == before
    assert get_user_model().objects.filter(pk=person.pk).exists()
