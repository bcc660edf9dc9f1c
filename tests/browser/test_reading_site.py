"""The reading site in a real Chromium: the comforts, the look at three widths, the content policy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.support.ui import WebDriverWait

from posts.models import DailyPost
from posts.page_cache import shelf
from posts.views import days
from tests.base import DAY, make_public_paper
from tests.browser.chromium import barriers, look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
HOME = "/d/speech/2026/01/28/"
PAGES = [
    *(
        "/",
        HOME,
        "/papers/2601.19786/",
        "/d/speech/",
        "/d/speech/?since=2026-01-01",
        "/archive/",
        "/categories/",
    ),
    *(
        "/categories/cs.SD/",
        "/tags/",
        "/tags/语音合成/",
        "/search/?q=口音",
        "/stars/?ids=2601.19786",
        "/subscribe/",
    ),
    *("/glossary/", "/glossary/ASR/", "/statistics/", "/about/", "/papers/2601.19786/report/", "/mail/"),
    *("/search/", "/stars/", "/d/speech/?since=soon", "/d/speech/2026/01/31/", "/nothing/"),
]


@pytest.fixture
def open_page(chromium: Chrome, live_server: LiveServer, settings: Any) -> Callable[[str], None]:
    settings.MAIL_ON = True
    make_public_paper("2601.19786", authors=[f"Author {n}" for n in range(20)]).tags.add("语音合成")
    make_public_paper("2601.19787", title="Music")
    DailyPost.objects.filter(date=DAY).update(fetched=2)
    shelf.clear()
    chromium.get(live_server.url + "/about/")
    chromium.execute_script("localStorage.clear()")
    return lambda address: chromium.get(live_server.url + address)


def press(chromium: Chrome, *keys: str) -> None:
    for key in keys:
        ActionChains(chromium).send_keys(key).perform()


def js(chromium: Chrome, expression: str) -> Any:
    return chromium.execute_script(f"return {expression}")


def test_the_keyboard_goes_through_the_papers(chromium: Chrome, open_page: Callable[[str], None]) -> None:
    open_page(HOME)
    press(chromium, "j", "j", "k", "o", "s")
    assert js(chromium, "document.querySelector('.current').dataset.paper") == "2601.19786"
    assert js(chromium, "document.querySelector('.current details.reading').open") is True
    assert js(chromium, "JSON.parse(localStorage.stars)") == ["2601.19786"]
    press(chromium, "/")
    assert js(chromium, "document.activeElement.name") == "include"


def test_the_keyboard_goes_through_the_titles_of_the_home_page(
    chromium: Chrome, open_page: Callable[[str], None]
) -> None:
    open_page("/")
    press(chromium, "j", "j", "s", "o")
    assert chromium.current_url.endswith("/papers/2601.19787/")
    assert js(chromium, "JSON.parse(localStorage.stars)") == ["2601.19787"]


def test_only_titles_are_shown_on_demand_and_next_time(
    chromium: Chrome, open_page: Callable[[str], None]
) -> None:
    open_page(HOME)
    js(chromium, "document.querySelector('[data-titles-only]').click()")
    open_page(HOME)
    assert js(chromium, "document.querySelector('.abstract').checkVisibility()") is False
    assert js(chromium, "document.querySelector('.entry h3').checkVisibility()") is True


def test_a_reading_of_a_long_page_comes_when_it_is_unfolded(
    chromium: Chrome, open_page: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "READINGS_AT_MOST", 1)
    open_page(f"{HOME}?not-in-the-browser's-cache")
    assert js(chromium, "document.querySelectorAll('.entry .prose').length") == 0
    js(chromium, "document.querySelector('.entry details.reading').open = true")
    WebDriverWait(chromium, 10).until(
        lambda _: js(chromium, "document.querySelector('.entry .prose') !== null")
    )


def test_one_letter_keys_can_be_switched_off(chromium: Chrome, open_page: Callable[[str], None]) -> None:
    open_page(HOME)
    js(chromium, "document.querySelector('[data-keys-switch]').click()")
    open_page(HOME)
    press(chromium, "j")
    assert js(chromium, "document.querySelector('.current')") is None


def test_stars_travel_as_an_address(chromium: Chrome, open_page: Callable[[str], None]) -> None:
    open_page(HOME)
    js(chromium, "document.querySelector('[data-star]').click()")
    open_page("/stars/")
    assert chromium.current_url.endswith("/stars/?ids=2601.19786")
    assert js(chromium, "document.querySelectorAll('.entry').length") == 1


def test_a_filter_travels_as_an_address(chromium: Chrome, open_page: Callable[[str], None]) -> None:
    open_page(f"{HOME}#exclude=music&highlight=口音")
    assert js(chromium, "document.querySelector('[data-filter-count]').textContent") == "显示 1 / 2 篇"
    assert js(chromium, "document.querySelectorAll('.entry:not([hidden]) mark').length") > 1


def test_the_last_visit_is_remembered_in_the_browser(
    chromium: Chrome, open_page: Callable[[str], None]
) -> None:
    open_page("/")
    js(chromium, "localStorage.setItem('visits', JSON.stringify({'/d/speech/': '2026-01-20'}))")
    open_page("/")
    assert js(chromium, "document.querySelector('[data-since-link] a').search") == "?since=2026-01-21"


@pytest.mark.parametrize("theme", ["", "dark"])
def test_dark_pages_are_printed_black_on_white(
    chromium: Chrome, open_page: Callable[[str], None], theme: str
) -> None:
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
    open_page(HOME)
    chromium.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    style = "const style = getComputedStyle(document.body); return [style.color, style.backgroundColor]"
    assert chromium.execute_script(style) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_the_theme_can_be_chosen_and_stays(chromium: Chrome, open_page: Callable[[str], None]) -> None:
    look(chromium, 1440, "light")
    open_page(HOME)
    js(chromium, "document.querySelector('[data-theme-switch]').click()")
    open_page("/about/")
    assert js(chromium, "getComputedStyle(document.body).backgroundColor") == "rgb(23, 24, 27)"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_every_page_can_be_read(
    chromium: Chrome, open_page: Callable[[str], None], width: int, theme: str
) -> None:
    look(chromium, width, theme)
    chromium.get_log("browser")
    problems = {}
    for address in PAGES:
        open_page(address)
        logged = [row["message"] for row in chromium.get_log("browser") if "404" not in row["message"]]
        if found := chromium.execute_script(AUDIT) + logged:
            problems[address] = found
    assert problems == {}


def test_text_of_twice_the_size_needs_no_scrolling_sideways(
    chromium: Chrome, open_page: Callable[[str], None]
) -> None:
    look(chromium, 640, "light")
    too_wide = []
    for address in PAGES:
        open_page(address)
        js(chromium, "document.documentElement.style.fontSize = '200%'")
        if js(chromium, "document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(address)
    assert too_wide == []


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1440, "light")])
def test_axe_finds_nothing_serious_on_any_page(
    chromium: Chrome, open_page: Callable[[str], None], width: int, theme: str
) -> None:
    look(chromium, width, theme)
    problems = {}
    for address in PAGES:
        open_page(address)
        js(chromium, "document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        if found := barriers(chromium):
            problems[address] = found
    assert problems == {}
