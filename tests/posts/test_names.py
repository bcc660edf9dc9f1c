"""What editors are called, by readers and by colleagues."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from posts.names import office_name, public_name
from tests import base
from tests.posts import office


@pytest.mark.parametrize(
    "last, first, name",
    [
        ("李", "四", "李四"),
        ("欧阳", "", "欧阳"),
        ("", "译审", "译审"),
        ("Lovelace", "Ada", "Ada Lovelace"),
        ("", "", "编辑"),
    ],
)
def test_readers_see_a_name_as_it_is_written(last: str, first: str, name: str) -> None:
    assert public_name(User(username="root", last_name=last, first_name=first)) == name


def test_colleagues_know_each_other_by_their_logins_too() -> None:
    assert office_name(User(username="root")) == "root"
    assert public_name(None) == "编辑"


@pytest.mark.django_db
def test_no_public_page_tells_what_an_editor_signs_in_with(client: Client) -> None:
    user = base.make_user("secret-login", *base.MAY_PUBLISH)
    summary = base.make_summary("needs_review")
    entry = base.make_entry(base.make_post(), summary)
    summary.approve(user)
    entry.post.publish(user)
    name = summary.paper.arxiv_id
    for page in (f"/papers/{name}/", f"/papers/{name}.json", f"/papers/{name}.md", "/feeds/all/atom.xml"):
        text = client.get(page).content.decode()
        assert "secret-login" not in text and name in text


@pytest.mark.django_db
def test_who_keeps_users_reads_no_english() -> None:
    boss = office.at_desk(User.objects.create_superuser("boss", password="correct horse"))
    group = Group.objects.get(name="译审")
    pages = ["/admin/auth/user/add/", f"/admin/auth/group/{group.pk}/change/"]
    for page in pages:
        text = boss.get(page).content.decode()
        assert "Can " not in text and "Choose" not in text and "After you" not in text
    assert "译文：修改" in text


@pytest.mark.django_db
def test_the_form_of_a_group_keeps_its_permissions() -> None:
    boss = office.at_desk(User.objects.create_superuser("boss", password="correct horse"))
    group = Group.objects.get(name="主编")
    before = set(group.permissions.values_list("pk", flat=True))
    boss.post(f"/admin/auth/group/{group.pk}/change/", {"name": "主编", "permissions": list(before)})
    assert set(group.permissions.values_list("pk", flat=True)) == before
