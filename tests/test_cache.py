"""A Redis that does not answer is a cache that forgot; no page and no run may fail for it."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache, caches
from django.test import Client

from papers import ledger
from posts.limits import too_often
from tests.base import DAY, make_public_paper
from tests.posts.test_health import listed

NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture(autouse=True)
def dead_redis(settings: pytest.FixtureRequest) -> Iterator[None]:
    settings.CACHES = {"default": {"BACKEND": "digest_site.cache.ForgivingRedis", "LOCATION": NOBODY}}
    yield
    del caches["default"]


def test_what_was_kept_is_forgotten() -> None:
    cache.set("a", 1)
    assert cache.get("a") is None
    assert cache.get("a", "nothing") == "nothing"
    assert cache.delete("a") is False


def test_nobody_asked_too_often() -> None:
    assert not too_often("reports", "192.0.2.1", 1)
    assert not too_often("reports", "192.0.2.1", 1)


@pytest.mark.django_db
def test_the_open_dates_are_found_all_the_same() -> None:
    listed(DAY)
    assert [look.date for look in ledger.open_looks(DAY, ["cs.SD", "eess.AS"])] == [DAY]


@pytest.mark.django_db
def test_a_reader_may_still_report_a_mistake(client: Client) -> None:
    paper = make_public_paper()
    answer = client.post(f"/papers/{paper.arxiv_id}/report/", {"message": "数字错了"})
    assert answer.status_code == 200 and paper.reports.count() == 1
