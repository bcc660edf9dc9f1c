"""Two people at one text: nothing is overwritten, nobody's words are lost, and the page explains."""

import pytest
from django.urls import reverse

from papers.models import Sitting
from tests import base
from tests.posts import office

pytestmark = pytest.mark.django_db


@pytest.fixture
def text():
    return office.text()


@pytest.fixture
def first():
    return office.at_desk(office.editor("李四"))


@pytest.fixture
def second():
    return office.at_desk(office.editor("孙七"))


def test_a_stale_save_shows_both_texts_and_overwrites_neither(text, first, second):
    old = office.form(text, abstract="孙七的摘要。")
    office.press(first, text, abstract="李四的摘要。")
    response = second.post(office.desk(text), old)
    page = response.content.decode()
    assert response.status_code == 409
    assert "孙七的摘要。" in page
    assert "李四的摘要。" in page
    assert "您和 李四 同时改了这一篇" in page
    text.refresh_from_db()
    assert text.current.abstract == "李四的摘要。"


def test_the_second_editor_merges_and_saves(text, first, second):
    old = office.form(text, abstract="孙七的摘要。")
    office.press(first, text, abstract="李四的摘要。")
    page = second.post(office.desk(text), old)
    base_of_page = page.context["base"]
    response = second.post(office.desk(text), old | {"abstract": "两人的摘要。", "base": base_of_page.pk})
    assert response.status_code == 302
    text.refresh_from_db()
    assert text.current.abstract == "两人的摘要。"
    assert text.current.base.abstract == "李四的摘要。"


def test_changes_of_different_places_come_merged(text, first, second):
    old = office.form(text, title="孙七的标题")
    office.press(first, text, abstract="李四的摘要。")
    conflict = second.post(office.desk(text), old).context["conflict"]
    assert conflict.unmerged == []
    assert conflict.text["title"] == "孙七的标题"
    assert conflict.text["abstract"] == "李四的摘要。"


def test_a_draft_survives_somebody_elses_save(text, first, second):
    address = reverse("admin:papers_summary_sit", args=[text.pk])
    second.post(address, office.form(text, abstract="孙七没有保存的话。"))
    office.press(first, text, abstract="李四的摘要。")
    page = second.get(office.desk(text)).content.decode()
    assert "孙七没有保存的话。" in page
    assert "李四的摘要。" in page


def test_a_draft_comes_back_when_the_page_is_opened_again(text, first):
    first.post(reverse("admin:papers_summary_sit", args=[text.pk]), office.form(text, title="打到一半的"))
    page = first.get(office.desk(text)).content.decode()
    assert "打到一半的" in page
    assert "没有保存的文字" in page
    assert office.press(first, text, "discard").status_code == 302
    assert "打到一半的" not in first.get(office.desk(text)).content.decode()


def test_saving_clears_the_draft(text, first):
    first.post(reverse("admin:papers_summary_sit", args=[text.pk]), office.form(text, title="半"))
    office.press(first, text, title="整")
    assert Sitting.objects.get().draft is None


def test_the_page_hears_that_somebody_saved(text, first, second):
    office.press(first, text, abstract="李四的摘要。")
    answer = second.post(reverse("admin:papers_summary_sit", args=[text.pk]), {}).json()
    text.refresh_from_db()
    assert answer["current"] == str(text.current_id)
    assert answer["others"] == ["李四"]


def test_approving_twice_is_refused_and_explained(text, first, second):
    old = office.form(text, "reject")
    office.press(first, text, "approve")
    response = second.post(office.desk(text), old)
    page = response.content.decode()
    assert response.status_code == 409
    assert "没有做成" in page
    assert "李四“通过”（待审 → 已通过）" in page
    text.refresh_from_db()
    assert text.status == "approved"


def test_approving_what_another_has_approved_changes_nothing(text, first, second):
    old = office.form(text, "approve")
    office.press(first, text, "approve")
    second.post(office.desk(text), old)
    text.refresh_from_db()
    assert text.reviewed_by.username == "李四"


def test_approving_what_another_rejected_is_refused_and_explained(text, first, second):
    old = office.form(text, "approve", title="孙七改的标题")
    office.press(first, text, "reject", note="与语音无关")
    response = second.post(office.desk(text), old)
    page = response.content.decode()
    assert response.status_code == 409
    assert "李四“拒绝”" in page
    assert "与语音无关" in page
    assert "孙七改的标题" in page
    text.refresh_from_db()
    assert (text.status, text.public) == ("rejected", None)


def test_approving_a_text_that_changed_under_one_is_refused(text, first, second):
    old = office.form(text, "approve")
    office.press(first, text, abstract="李四的摘要。")
    response = second.post(office.desk(text), old)
    assert response.status_code == 409
    assert "李四 在您看的时候改了这一篇" in response.content.decode()
    text.refresh_from_db()
    assert text.status == "needs_review"


def test_a_later_reading_by_the_machine_does_not_lose_what_is_typed(text, first):
    typed = office.form(text, title="人改的标题")
    text.offer(base.make_revision(text, abstract=office.CHINESE, reading="### 1. 新的解读"), why="reading")
    conflict = first.post(office.desk(text), typed).context["conflict"]
    assert conflict.unmerged == []
    assert conflict.text["title"] == "人改的标题"
    assert conflict.text["reading"] == "### 1. 新的解读"


def test_a_post_that_changed_under_one_is_not_published(text, first):
    post = office.day_of(text)
    chief = office.at_desk(office.chief())
    address = reverse("admin:posts_dailypost_publish", args=[post.pk])
    seal = chief.get(address).context["plan"].seal
    office.press(first, text, "approve")
    response = chief.post(address, {"seal": seal})
    post.refresh_from_db()
    assert post.status == "draft"
    assert "这份日报有了变化" in response.content.decode()
    chief.post(address, {"seal": response.context["plan"].seal})
    post.refresh_from_db()
    assert post.status == "published"


def test_withdrawing_twice_is_refused_and_explained():
    post = office.day_of(office.text("approved"), published=True)
    chief = office.at_desk(office.chief())
    address = reverse("admin:posts_dailypost_withdraw", args=[post.pk])
    assert chief.post(address, {"note": "有误"}).status_code == 302
    again = chief.post(address, {"note": "有误"})
    assert "没有撤下" in again.content.decode()


def test_another_papers_revision_is_no_base_here(text, first):
    other = office.text()
    response = office.press(first, text, title="混进来的", base=other.current_id)
    assert response.status_code == 409
    text.refresh_from_db()
    assert text.title != "混进来的"
