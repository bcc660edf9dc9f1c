"""Editors with browsers of their own: they open the desk, type, press keys, and see what is there."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.chromium import barriers
from tests.posts import office

PATIENCE_SECONDS = 20
# Refusals made on purpose, and Chromium saying that nobody had touched the page that would ask before it closes.
EXPECTED = (" 409 ", " 413 ", "favicon", "beforeunload")


class Editor:
    """One person before one browser."""

    def __init__(self, browser: webdriver.Chrome, site: str, user: User) -> None:
        self.browser, self.site, self.user = browser, site, user
        browser.delete_all_cookies()
        browser.get(f"{site}/robots.txt")
        cookie = office.at_desk(user).cookies["sessionid"]
        browser.add_cookie({"name": "sessionid", "value": cookie.value, "path": "/"})

    def open(self, address: str) -> None:
        self.browser.get(self.site + address)

    def js(self, expression: str) -> Any:
        return self.browser.execute_script(f"return {expression}")

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        """In the middle of the window, where nothing lies over it."""
        element = self.find(selector)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def press(self, *keys: str) -> None:
        """Keys one after the other, where the focus is."""
        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def ctrl(self, key: str) -> None:
        ActionChains(self.browser).key_down(Keys.CONTROL).send_keys(key).key_up(Keys.CONTROL).perform()

    def wait(self, what: Callable[[], Any]) -> Any:
        return WebDriverWait(
            self.browser, PATIENCE_SECONDS, poll_frequency=0.05, ignored_exceptions=None
        ).until(lambda _: _quietly(what))

    def leave_by(self, act: Callable[[], None]) -> None:
        """Do what leads to another page, and wait until that page is there."""
        self.browser.execute_script("document.body.dataset.old = 'yes'")
        act()
        self.wait(lambda: self.js("document.readyState === 'complete' && !document.body.dataset.old"))

    def write(self, part: str, text: str) -> None:
        """Replace the words of a part, by typing."""
        self.browser.execute_script(f"window.Desk.show('{part}')")
        self.click(f"#id_{part}")
        self.ctrl("a")
        self.find(f"#id_{part}").send_keys(text)

    def press_button(self, verb: str) -> None:
        self.leave_by(self.find(f'.desk-bar button[value="{verb}"]').click)

    @property
    def text(self) -> str:
        return self.find("body").text

    @property
    def complaints(self) -> list[str]:
        """What the browser logged, but for pages that were refused on purpose."""
        rows = [row["message"] for row in self.browser.get_log("browser")]
        return [row for row in rows if not any(one in row for one in EXPECTED)]

    def barriers(self) -> list[str]:
        """What axe calls serious or critical on this page."""
        return barriers(self.browser)


def _quietly(what: Callable[[], Any]) -> Any:
    try:
        return what()
    except Exception:  # noqa: BLE001 - the page is on its way to another one
        return False
