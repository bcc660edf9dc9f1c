"""Mallory's paper in a real Chromium: nothing of it acts, and our content policy has nothing to refuse."""

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer
from selenium.webdriver import Chrome

from posts.page_cache import shelf
from tests.attacks import mallory
from tests.attacks.test_hostile_text import office_addresses
from tests.base import chief
from tests.browser.editors import Editor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

ACTING = """
    const bad = 'mallory, iframe, base, annotation-xml, [onclick], [onload], [onerror], script:not([src]):not([type])';
    return [...document.querySelectorAll(bad)].map((one) => one.outerHTML.slice(0, 120));
"""
PAGES = (
    "/", "/d/speech/2026/01/28/", "/papers/2601.23456/", "/papers/2601.23456/report/", "/categories/cs.SD/", "/tags/",
    "/search/?q=mallory", "/statistics/", "/archive/", "/glossary/", "/stars/?ids=2601.23456",
)  # fmt: skip


@pytest.fixture
def boss(live_server: LiveServer, chromium: Chrome) -> Editor:
    summary = mallory.paper("2601.23456")
    mallory.office_rows(summary)
    summary.approve(chief())
    shelf.clear()
    user = User.objects.create_superuser("boss", password="correct horse")
    return Editor(chromium, live_server.url, user)


def complaints_of(boss: Editor, addresses: tuple[str, ...] | list[str]) -> dict[str, list[str]]:
    found = {}
    for address in addresses:
        boss.open(address)
        found[address] = boss.browser.execute_script(ACTING) + boss.complaints
    return {address: what for address, what in found.items() if what}


def test_no_page_lets_a_paper_act_or_breaks_the_content_policy(boss: Editor) -> None:
    assert complaints_of(boss, PAGES) == {}


def test_no_page_of_the_office_does_either(boss: Editor) -> None:
    assert complaints_of(boss, office_addresses()) == {}
