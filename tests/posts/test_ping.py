"""PING_URL: asked once a day, and only when the day is truly done."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

from papers import jobs
from papers.models import Beat, Job, Poll
from posts.telling import ping
from tests.base import make_digest, make_entry, make_paper, make_post, make_summary
from tests.fakes.postbox import Hook
from tests.posts.telling_tools import DAY, NOON, due_again, finished_day, listed, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(settings: pytest.FixtureRequest) -> Iterator[Hook]:
    with Hook() as hook:
        settings.NOW, settings.NOTIFY_URLS = NOON, []
        settings.PING_URL = f"http://127.0.0.1:{hook.port}/ping"
        yield hook


def test_a_day_that_is_truly_done_is_pinged_once(hook: Hook) -> None:
    finished_day()
    assert tell() == 1
    assert tell() == 0
    assert hook.pings == ["/ping"]
    assert Beat.objects.get(name="ping").note == "2026-09-17"


def test_nothing_is_pinged_where_nothing_is_known(hook: Hook) -> None:
    assert tell() == 0


def test_without_an_address_nobody_is_pinged(hook: Hook, settings: pytest.FixtureRequest) -> None:
    settings.PING_URL = ""
    finished_day()
    assert tell() == 0


def test_a_ping_that_fails_is_sent_later_and_never_given_up(hook: Hook) -> None:
    finished_day()
    hook.status = [503] * 10
    for _ in range(10):
        assert tell() == 0
        due_again()
    assert tell() == 1
    assert len(hook.pings) == 1


def test_a_ping_that_came_too_late_is_forgotten(hook: Hook, settings: pytest.FixtureRequest) -> None:
    finished_day()
    hook.status = [503]
    tell()
    settings.NOW = NOON + dt.timedelta(days=9)
    due_again()
    tell()
    assert hook.pings == []
    assert Job.objects.get(subject="ping:2026-09-17").state == Job.State.DONE


def undone_listing() -> None:
    listed(DAY, "2609.00001", printed=2)
    make_entry(make_post(DAY, published=True), make_summary("approved", make_paper("2609.00001")))


def undone_settling() -> None:
    finished_day()
    Poll.objects.filter(asked_at__gte=NOON - dt.timedelta(hours=2)).delete()


def undone_publishing() -> None:
    listed(DAY, "2609.00001")
    make_entry(make_post(DAY), make_summary("approved", make_paper("2609.00001")))


def undone_review() -> None:
    listed(DAY, "2609.00001")
    make_entry(make_post(DAY, published=True), make_summary("needs_review", make_paper("2609.00001")))


def undone_work() -> None:
    finished_day()
    jobs.enqueue(Job.Kind.ANALYSE, ["2609.00001"])


def undone_failure() -> None:
    finished_day()
    jobs.enqueue(Job.Kind.ANALYSE, ["2609.00001"])
    jobs.give_up(jobs.claim([Job.Kind.ANALYSE])[0], "refused", "no")


def undone_text() -> None:
    make_entry(finished_day(), make_summary("waiting", make_paper("2609.00002")))


def undone_second_digest() -> None:
    finished_day()
    make_digest(slug="vision", title="视觉", categories=["cs.CV"])


UNDONE = [
    undone_listing,
    undone_settling,
    undone_publishing,
    undone_review,
    undone_work,
    undone_failure,
    undone_text,
    undone_second_digest,
]


@pytest.mark.parametrize("undone", UNDONE, ids=lambda function: function.__name__)
def test_a_day_that_is_not_truly_done_is_not_pinged(hook: Hook, undone: Callable[[], None]) -> None:
    undone()
    assert tell() == 0
    assert hook.pings == []


def test_a_weekend_is_done_when_friday_is(hook: Hook, settings: pytest.FixtureRequest) -> None:
    settings.NOW = dt.datetime(2026, 9, 20, 4, 0, tzinfo=dt.UTC)  # a Sunday
    finished_day(dt.date(2026, 9, 18))
    assert tell() == 3, "Friday, Saturday and Sunday, each once"
    assert tell() == 0


def test_the_batch_of_a_day_without_one_is_the_one_before() -> None:
    assert ping.batch_of(dt.date(2026, 9, 20)) == dt.date(2026, 9, 18)
    assert ping.batch_of(DAY) == DAY
