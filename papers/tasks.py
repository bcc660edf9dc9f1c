"""What the queue runs: two or three lines each, ids in, nothing out. Only tasks.py files know django-q2.

The Job table is the truth; these tasks only say "look at it". Losing or repeating one is a delay at worst.
"""

import datetime as dt

from django_q.models import Schedule

from digest_site import clock

from . import pipeline
from .models import Beat

# A task goes back to the queue after this long, so that the next one gets its turn.
SUMMARIZE_SECONDS = 240

# name -> (function, minutes between runs)
SCHEDULES = {
    "ingest": ("papers.tasks.ingest", 20),
    "summarize": ("papers.tasks.summarize", 1),
    "beat": ("papers.tasks.beat", 1),
}


def ingest(day: str | None = None) -> None:
    """List a date, or whatever dates are open and due, for all followed categories."""
    days = [dt.date.fromisoformat(day)] if day else pipeline.due_days(pipeline.followed())
    pipeline.list_days(days, pipeline.followed())


def summarize() -> None:
    """Work off what is due: metadata, translations, full texts, readings."""
    pipeline.work_off(seconds=SUMMARIZE_SECONDS)


def beat() -> None:
    """The heartbeat: proof that tasks are really being run, read by the process that started the cluster."""
    Beat.objects.update_or_create(name="worker", defaults={"at": clock.machine_now()})


def install_schedules(schedules: dict[str, tuple[str, int]]) -> None:
    """Create missing schedules and mend changed ones; `next_run` of those that exist is left alone."""
    for name, (function, minutes) in schedules.items():
        schedule, created = Schedule.objects.get_or_create(
            name=name,
            defaults={"func": function, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1},
        )
        if not created and (schedule.func, schedule.minutes) != (function, minutes):
            schedule.func, schedule.minutes = function, minutes
            schedule.save(update_fields=["func", "minutes"])
