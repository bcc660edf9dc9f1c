"""Tags in the admin: shown with how much has them, renamed, merged; by those who may."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from taggit.models import Tag

from papers.models import Generation, Paper
from tests import base
from tests.posts import office

pytestmark = pytest.mark.django_db
LIST = reverse("admin:taggit_tag_changelist")


def two_papers() -> tuple[Paper, Paper]:
    first, second = base.make_public_paper("2601.00001"), base.make_public_paper("2601.00002")
    first.tags.set(["语音识别"])
    second.tags.set(["语音识别", "自动语音识别"])
    return first, second


def merge(user, into: str, *names: str):
    chosen = [Tag.objects.get(name=name).pk for name in names]
    data = {"action": "merge", "_selected_action": chosen, "into": into}
    return office.at_desk(user).post(LIST, data, follow=True)


@pytest.fixture
def boss():
    return User.objects.create_superuser("boss", password="correct horse")


def test_several_tags_become_one_and_readers_see_it(boss):
    first, second = two_papers()
    before = Generation.current()
    page = merge(boss, "语音识别", "自动语音识别", "语音识别").content.decode()
    assert "已并入“语音识别”：1 处" in page
    assert list(Tag.objects.values_list("name", flat=True).filter(name__contains="语音")) == ["语音识别"]
    assert [set(paper.tags.names()) for paper in (first, second)] == [{"语音识别"}, {"语音识别"}]
    assert Generation.current() != before


def test_tags_go_into_one_that_was_not_there_yet(boss):
    first, second = two_papers()
    merge(boss, "ASR", "语音识别", "自动语音识别")
    assert [set(paper.tags.names()) for paper in (first, second)] == [{"ASR"}, {"ASR"}]


def test_without_a_name_nothing_is_merged(boss):
    two_papers()
    assert "请在“并入”里填写" in merge(boss, " ", "语音识别").content.decode()
    assert Tag.objects.filter(name="语音识别").exists()


@pytest.mark.parametrize("user", [office.observer, lambda: base.make_user("nobody")])
def test_who_may_not_change_tags_merges_none(user):
    two_papers()
    person = user()
    assert merge(person, "x", "语音识别").status_code == 403
    assert office.at_desk(person).post(f"{LIST}merge-tags/", {"new_tag_name": "x"}).status_code != 200
    assert not Tag.objects.filter(name="x").exists()


def test_the_list_tells_how_much_has_each(boss):
    two_papers()
    page = office.at_desk(boss).get(LIST).content.decode()
    assert '<td class="field-used">2</td>' in page
