"""The addresses in NOTIFY_URLS: chats, mail, web hooks, whatever Apprise knows. https://github.com/caronc/apprise/wiki"""

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from digest_site import logs

from .errors import NotTaken, Refused

# Some chats show who speaks; it goes into a User-Agent, so no Chinese.
NAME = "arXiv Chinese digest"


def short(url: str) -> str:
    """What stands for an address in the Job table, where no secret may stand."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def of_short(name: str) -> str | None:
    """The address, if it is still among the settings."""
    return next((url for url in settings.NOTIFY_URLS if short(url) == name), None)


def send(url: str, title: str, body: str) -> None:
    """:raises Refused: nothing that Apprise knows. :raises NotTaken: the other side did not take it."""
    apprise = _library()
    service = apprise.Apprise(asset=apprise.AppriseAsset(app_id=NAME, app_url=settings.SITE_URL))
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
        if not service.add(url):
            raise Refused("NOTIFY_URLS 里的这个地址无法识别")
        if not service.notify(title=title, body=body):
            words = logs.clean(" ".join(said.getvalue().split()))
            raise NotTaken(f"对方没有接受。{words}"[:300])


def unreadable(urls: Sequence[str]) -> list[int]:
    """The places, counted from one, of addresses that Apprise does not understand."""
    if not urls:
        return []
    apprise = _library()
    return [number for number, url in enumerate(urls, 1) if apprise.Apprise.instantiate(url) is None]


def _library() -> Any:
    import apprise  # 16 MB that only a process with something to tell needs

    return apprise
