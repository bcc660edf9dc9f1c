"""The doors to the outside, made from settings: arXiv with its throttle, and the model."""

import os
from functools import cache

from django.conf import settings

from digest_site import clock
from papers import llm
from papers.harvest import Arxiv

from .turns import wait_turn


def arxiv() -> Arxiv:
    """A client of arXiv at the addresses of the settings."""
    return Arxiv(
        api_url=settings.ARXIV_API_URL,
        rss_url=settings.ARXIV_RSS_URL,
        oai_url=settings.ARXIV_OAI_URL,
        site_url=settings.ARXIV_SITE_URL,
        contact=settings.ARXIV_CONTACT,
        wait_turn=wait_turn,
        now=clock.now,
    )


def model() -> llm.Model:
    """The model server of the settings; one client a process, made after the worker's fork."""
    return _model(
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.LLM_DEADLINE_SECONDS, os.getpid()
    )


@cache
def _model(base_url: str, api_key: str, deadline: int, pid: int) -> llm.Model:
    return llm.Model(base_url=base_url, api_key=api_key or "none", deadline=deadline)
