"""What the worker does for readers before they come."""

import datetime as dt
from collections.abc import Callable

import pytest
from django_q.brokers import Broker
from django_q.models import Schedule
from django_q.scheduler import scheduler

from digest_site import clock
from papers.tasks import SCHEDULES, install_schedules, mend_schedules, missing_schedules
from posts import tasks
from posts.models import Rendered, SearchText
from tests import base

pytestmark = pytest.mark.django_db


def test_the_worker_renders_and_indexes_what_became_public() -> None:
    paper = base.make_public_paper("2601.19786")
    tasks.assemble()
    assert Rendered.objects.filter(revision=paper.summary.public).exists()
    assert SearchText.objects.filter(paper=paper).exists()


def test_what_nobody_may_see_is_neither_rendered_nor_indexed() -> None:
    summary = base.make_summary("needs_review")
    base.make_entry(base.make_post(published=True), summary)
    tasks.assemble()
    assert not Rendered.objects.exists()
    assert not SearchText.objects.exists()


# Schedules

ALL = SCHEDULES | tasks.SCHEDULES


class Recorder(Broker):
    """A broker that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__(list_key="digest")
        self.tasks: list[str] = []

    def get_connection(self, list_key: str = "") -> None:
        return None

    def enqueue(self, task: str) -> int:
        self.tasks.append(task)
        return len(self.tasks)


@pytest.fixture
def fired(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many tasks django-q2's own scheduler would put into the queue now."""
    monkeypatch.setattr("django_q.scheduler.close_old_django_connections", lambda: None)

    def run() -> int:
        broker = Recorder()
        scheduler(broker=broker)
        return len(broker.tasks)

    return run


def test_one_schedule_that_cannot_be_read_stops_all_until_it_is_mended(fired: Callable[[], int]) -> None:
    Schedule.objects.update(next_run=clock.machine_now() - dt.timedelta(hours=1))
    stranger = Schedule.objects.create(
        name="stranger", func="os.getpid", args="(1,", next_run=clock.machine_now() - dt.timedelta(hours=2)
    )
    Schedule.objects.filter(name="beat").update(args="(((")
    assert fired() == 0
    assert mend_schedules(ALL) == 2
    assert not Schedule.objects.filter(pk=stranger.pk).exists()
    assert fired() == len(ALL)
    assert mend_schedules(ALL) == 0, "what is as it should be is left alone"


@pytest.mark.parametrize(
    "change",
    [
        {"func": "os.system", "args": "'true'"},
        {"schedule_type": Schedule.CRON, "cron": "* * * * *"},
        {"repeats": 0},
        {"cluster": "elsewhere"},
        {"minutes": 99},
        {"hook": "os.getpid"},
    ],
)
def test_a_schedule_that_somebody_changed_is_ours_again(change: dict[str, object]) -> None:
    Schedule.objects.filter(name="ingest").update(**change)
    assert mend_schedules(ALL) == 1
    row = Schedule.objects.get(name="ingest")
    assert (row.func, row.minutes, row.repeats) == (*SCHEDULES["ingest"], -1)
    assert (row.args, row.cron, row.cluster, row.hook) == (None, None, None, None)


def test_installing_again_makes_what_is_missing_and_removes_what_is_there_twice() -> None:
    Schedule.objects.filter(name="beat").delete()
    Schedule.objects.create(name="ingest", func="papers.tasks.ingest")
    install_schedules(ALL)
    assert not missing_schedules(ALL)
    assert Schedule.objects.count() == len(ALL)
