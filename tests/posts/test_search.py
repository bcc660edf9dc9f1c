"""Search: two-character Chinese words, Latin words, facets; the same hits on both engines."""

import datetime as dt

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from digest_site import clock
from papers.models import Generation, Revision, Summary
from posts import search_index
from posts.models import SearchState, SearchText
from posts.search import search
from posts.search_index import row_id
from posts.search_tokens import text_tokens
from tests.base import chief, make_editor, make_entry, make_post, make_public_paper, make_summary

pytestmark = pytest.mark.django_db


def found(text: str, **filters: str) -> list[int]:
    search_index.catch_up()
    return search(text, filters).papers


@pytest.mark.parametrize(
    "query", ["口音", "口音转换", "转", "accent", "ACCENT", "Ａccent", "conversion 口音", "Ada"]
)
def test_words_of_any_length_in_either_language_are_found(query: str) -> None:
    paper = make_public_paper()
    assert found(query) == [paper.pk]


@pytest.mark.parametrize(
    "query", ["音口", "口音识别", "accen", '"conversion accent"', "口音 -转换", "-口音", "", "。", "()*"]
)
def test_what_is_not_there_is_not_found(query: str) -> None:
    make_public_paper()
    assert found(query) == []


def test_a_star_finds_the_beginning_of_a_word_and_quotes_a_phrase() -> None:
    paper = make_public_paper()
    assert found("conver*") == found('"accent conversion"') == found("accent-conversion") == [paper.pk]


def test_a_paper_is_found_by_its_identifier() -> None:
    make_public_paper("2601.00001")
    paper = make_public_paper("2601.19786")
    assert found("2601.19786") == [paper.pk]


def test_accents_on_names_do_not_matter() -> None:
    paper = make_public_paper(authors=["Émile Schrödinger"])
    assert found("emile schrodinger") == found("Émile Schrödinger") == [paper.pk]


def test_hits_come_newest_first_as_arxiv_announced_them() -> None:
    newer = make_public_paper("2601.19786")
    older = make_public_paper("2512.00001")
    assert found("口音") == [newer.pk, older.pk]


def test_facets_count_and_filter() -> None:
    both = make_public_paper("2601.00002", categories=["cs.SD", "cs.CL"], authors=["Ada Example"])
    make_public_paper("2601.00001", categories=["cs.SD"], authors=["Bo Sample"])
    both.tags.add("语音合成")
    search_index.catch_up()
    facets = search("口音").facets
    assert facets["category"] == [("cs.SD", 2), ("cs.CL", 1)]
    assert facets["month"] == [("2026-01", 2)]
    assert facets["digest"] == [("speech", 2)]
    assert found("口音", category="cs.CL") == found("", author="Ada Example") == [both.pk]
    assert found("口音", category="cs.CL", author="Bo Sample") == []


def test_only_public_papers_are_found_and_a_withdrawn_one_no_more() -> None:
    post = make_post()
    summary = make_summary("approved")
    make_entry(post, summary)
    assert found("口音") == []
    post.publish(chief())
    assert found("口音") == [summary.paper_id]
    Summary.objects.get(pk=summary.pk).withdraw(chief(), "错")
    assert found("口音") == []


def test_an_edited_text_is_found_by_its_new_words_only() -> None:
    paper = make_public_paper()
    assert found("口音") == [paper.pk]
    summary, editor = Summary.objects.get(paper=paper), make_editor()
    summary.edit(editor, summary.current, title="方言迁移", abstract="我们迁移方言。", reading="")
    assert found("方言") == []
    summary.approve(editor)
    assert found("方言") == [paper.pk]
    assert found("口音") == []


def test_names_that_only_the_reading_has_are_found() -> None:
    paper = make_public_paper()
    reading = "## 核心方法\n\n用 Qwen2.5-Omni 与**HuBERT**提取特征，在 LibriSpeech 上训练 3.5 小时。"
    Revision.objects.filter(summary__paper=paper).update(reading=reading)
    for query in ("hubert", "LibriSpeech", "qwen2.5-omni", '"qwen2.5 omni"', "libri*"):
        assert found(query) == [paper.pk], query
    for query in ("提取特征", "3.5", "omni hubert2"):
        assert found(query) == [], query


def test_a_search_looks_at_what_changed_and_a_task_at_everything() -> None:
    """Someone waits for a search: it must not compare a hundred thousand papers because one was approved."""
    for number in range(3):
        make_public_paper(f"2601.0000{number}")
    search_index.catch_up()
    SearchState.objects.update(looked_at=clock.now() + dt.timedelta(hours=1))
    lost = SearchText.objects.first()
    lost.delete()
    Generation.bump()
    assert search_index.catch_up(100) == 0
    assert SearchText.objects.count() == 2
    search_index.catch_up()
    assert SearchText.objects.count() == 3


def test_a_search_sees_every_kind_of_change_since_the_last() -> None:
    paper = make_public_paper(authors=["Ada Lovelace"])
    search_index.catch_up(100)

    def quickly(text: str, **filters: str) -> list[int]:
        search_index.catch_up(100)
        return search(text, filters).papers

    newer = make_public_paper("2601.19999")
    assert quickly("口音") == [newer.pk, paper.pk]
    paper.authors, paper.fetched_at = ["Bo Zhukov"], clock.now() + dt.timedelta(seconds=1)
    paper.save()
    Generation.bump()
    assert (quickly("Lovelace"), quickly("Zhukov")) == ([], [paper.pk])
    Summary.objects.get(paper=newer).withdraw(chief(), "错")
    assert quickly("口音") == [paper.pk]
    paper.entries.get().post.withdraw(chief(), "错")
    assert quickly("口音") == []


def test_indexing_stops_where_it_is_told_and_goes_on_later() -> None:
    for _ in range(3):
        make_public_paper()
    assert search_index.catch_up(2) == 1
    assert len(search("口音").papers) == 2
    assert search_index.catch_up(2) == 0
    assert len(search("口音").papers) == 3


def test_the_page_offers_facets_and_keeps_the_query(client: Client) -> None:
    make_public_paper()
    page = client.get("/search/?q=口音").content.decode()
    assert "1 篇" in page
    assert "?q=%E5%8F%A3%E9%9F%B3&amp;category=cs.SD" in page
    assert "没有找到" in client.get("/search/?q=不存在的词").content.decode()


def test_identifiers_sort_as_arxiv_gave_them() -> None:
    ids = ["math/0309136", "0704.0001", "1412.9999", "1501.00001", "2601.19786"]
    assert sorted(ids, key=row_id) == ids
    assert row_id("math/0309136") != row_id("cs/0309136")


def test_tokens_are_pairs_of_han_and_whole_words() -> None:
    assert text_tokens("用BERT做语音合成。") == [
        "用",
        "bert",
        "做语",
        "语音",
        "音合",
        "合成",
        *sorted("用做语音合成"),
    ]


class AnyQuery(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        make_public_paper("2601.19786")

    @settings(deadline=None, max_examples=60)
    @given(st.text(max_size=60), st.text(max_size=20))
    def test_any_text_gives_a_page(self, text: str, author: str) -> None:
        assert self.client.get("/search/", {"q": text, "author": author}).status_code == 200
