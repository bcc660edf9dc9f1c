"""What the queue runs: two or three lines each, ids in, nothing out. Only tasks.py files know django-q2.

The Job table is the truth; these tasks only say "look at it". Losing or repeating one is a delay at worst.
"""

import datetime as dt
import os
import time
from pathlib import Path

from django.conf import settings
from django_q.brokers import get_broker
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task

from digest_site import clock

from . import holders, jobs, pipeline
from .models import Beat

# The heartbeats: of whoever ran a task last, and of this machine's cluster.
BEAT, HOST_BEAT = "worker", f"worker:{holders.HOST}"
BEAT_EVERY = 20.0
BEATS_KEPT = dt.timedelta(days=7)

# name -> (function, minutes between runs)
SCHEDULES = {
    "ingest": ("papers.tasks.ingest", 20),
    "summarize": ("papers.tasks.summarize", 1),
    "beat": ("papers.tasks.beat", 1),
}


def ingest(day: str | None = None) -> None:
    """List a date, or whatever dates are open and due, for all followed categories."""
    days = [dt.date.fromisoformat(day)] if day else pipeline.due_days(pipeline.followed())
    pipeline.list_days(days, pipeline.followed(), tell=Pulse(), stop=is_stopping)
    call_worker()


def summarize() -> None:
    """Work off what is due: metadata, translations, full texts, readings; another worker relieves this one."""
    pipeline.work_off(seconds=settings.SUMMARIZE_SECONDS, tell=Pulse(), stop=is_stopping, relay=call_worker)


def call_worker() -> None:
    """Somebody look at the Job table now; whoever finds another one at it leaves again at once."""
    async_task("papers.tasks.summarize")


def beat() -> None:
    """The heartbeat: proof that tasks are really being run, read by the process that started the cluster."""
    now = clock.machine_now()
    for name in (BEAT, HOST_BEAT):
        Beat.objects.update_or_create(name=name, defaults={"at": now})
    Beat.objects.filter(name__startswith=f"{BEAT}:", at__lt=now - BEATS_KEPT).delete()
    mend_clock()


class Pulse:
    """Beats while a long task works: with every worker busy nobody is left for the task `beat`."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self, progress: pipeline.Progress | None = None) -> None:
        if time.monotonic() - self.at >= BEAT_EVERY:
            self.at = time.monotonic()
            beat()


def stop_file(group: int) -> Path:
    """The file that tells the tasks of a process group to begin nothing new, because it is being ended.

    Containers may share the folder, and their process ids are alike.
    """
    return Path(settings.DATA_DIR) / f"stop-{holders.HOST}-{group}"


def is_stopping() -> bool:
    """Whether the cluster that runs this task is being ended."""
    return stop_file(os.getpgrp()).exists()


def install_schedules(schedules: dict[str, tuple[str, int]]) -> None:
    """Create missing schedules and mend changed ones; `next_run` of those that are as they should be is left alone."""
    mend_schedules(schedules)
    present = set(Schedule.objects.values_list("name", flat=True))
    for name in schedules.keys() - present:
        Schedule.objects.create(name=name, **_columns(*schedules[name]))


def mend_schedules(schedules: dict[str, tuple[str, int]]) -> int:
    """Bring the schedules that there are back to what they should be, and remove all others; how many rows.

    django-q2 goes through them in one transaction: one that cannot be read, and none of them ever runs.
    """
    changed = Schedule.objects.exclude(name__in=schedules).delete()[0]
    for name, (function, minutes) in schedules.items():
        rows, columns = Schedule.objects.filter(name=name), _columns(function, minutes)
        changed += rows.exclude(**columns).update(**columns)
        changed += rows.exclude(pk=getattr(rows.first(), "pk", None)).delete()[0]
    return changed


def _columns(function: str, minutes: int) -> dict[str, object]:
    plain = dict.fromkeys(["args", "kwargs", "hook", "cron", "cluster", "intended_date_kwarg"])
    return plain | {
        "func": function,
        "schedule_type": Schedule.MINUTES,
        "minutes": minutes,
        "repeats": -1,
    }


def run_now(schedules: dict[str, tuple[str, int]]) -> None:
    """Have these schedules run at the cluster's next look, within half a minute; asking twice is asking once."""
    Schedule.objects.filter(name__in=schedules).update(next_run=clock.machine_now())


def mend_clock() -> int:
    """Bring back what a clock that was ahead has put further off than it can be; how many rows.

    Without this a machine that once believed it was 2036 would wait ten years for its next schedule.
    """
    now = clock.machine_now()
    late = [
        schedule.pk
        for schedule in Schedule.objects.filter(next_run__gt=now + jobs.SLACK)
        if schedule.next_run > now + jobs.SLACK + dt.timedelta(minutes=schedule.minutes or 0)
    ]
    fetched = now + jobs.SLACK + dt.timedelta(seconds=settings.Q_CLUSTER["retry"])
    return (
        Schedule.objects.filter(pk__in=late).update(next_run=now)
        + OrmQ.objects.filter(lock__gt=fetched).update(lock=now)
        + jobs.mend_clock()
    )


def queue_length() -> int:
    """How many tasks wait in the broker."""
    return int(get_broker().queue_size())


def missing_schedules(schedules: dict[str, tuple[str, int]]) -> list[str]:
    """The names of those that are not installed as they should be."""
    rows = {row.name: (row.func, row.minutes) for row in Schedule.objects.filter(name__in=schedules)}
    return [name for name, wanted in schedules.items() if rows.get(name) != wanted]


def late_schedules(schedules: dict[str, tuple[str, int]]) -> list[str]:
    """The names of those that should have run long ago: no cluster looks at them."""
    late = clock.machine_now() - dt.timedelta(minutes=10)
    rows = Schedule.objects.filter(name__in=schedules, next_run__lt=late)
    return sorted(row.name for row in rows if row.next_run < late - dt.timedelta(minutes=row.minutes or 0))
