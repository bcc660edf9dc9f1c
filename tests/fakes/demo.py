"""`make demo`: the whole pipeline against the fake arXiv and the fake model, in a throw-away folder.

Every job is done by the processes of a real `qcluster`, which is asserted at the end. `--papers`, `--days`,
`--workers` and `--concurrency` set the size; `--fault` (repeatable) switches on a fault of the fake arXiv by
name, `--model-fault` makes every fifth answer of the model a fault. Exit status 0: every paper is in
its post, translated and read, every paid call counted once; 1: some are not, and why; 130: Ctrl-C.
Nothing outlives the demonstration, however it ends.
"""

import argparse
import datetime as dt
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import django
from django.core.management import call_command

from posts.operations.supervisor import Child
from tests.fakes import crowd
from tests.fakes.arxiv import FAULTS, FakeArxiv
from tests.fakes.edition import environment
from tests.fakes.model import FAULTS as MODEL_FAULTS
from tests.fakes.model import FakeModel

ROOT = Path(__file__).resolve().parent.parent.parent
NEWEST = dt.date(2026, 9, 17)
# 14:00 in Shanghai: the feed of the newest date is out as well as its listing.
NOW = "2026-09-17T06:00:00+00:00"
GIVE_UP_AFTER = 600.0
# Ids of a date have room for so many papers; and of so many dates arXiv's calendar is known.
MOST_PAPERS, MOST_DAYS = 999, 250
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        return demonstrate(options)
    except KeyboardInterrupt:
        print("interrupted: everything that was made is gone", file=sys.stderr)
        return INTERRUPTED


def leave(number: int, frame: FrameType | None) -> None:
    """End in order, so that the cluster and the folder go with us."""
    sys.exit(128 + number)


def demonstrate(options: argparse.Namespace) -> int:
    days = crowd.days_before(NEWEST, options.days)
    world = crowd.world(days, options.papers)
    world.set_now(dt.datetime.fromisoformat(NOW))
    delay = {"translation": options.delay, "reading": 2 * options.delay}
    with (
        tempfile.TemporaryDirectory(prefix="digest-demo-") as folder,
        FakeArxiv(world) as arxiv,
        FakeModel(delay=delay) as model,
    ):
        for fault in options.fault:
            arxiv.fault(fault, 3)
        if options.model_fault:
            model.every(5, options.model_fault)
        os.environ.update(environment(arxiv, model) | settings_of(Path(folder), options))
        return rehearse(days, options, model)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    parser.add_argument("--papers", type=whole(MOST_PAPERS), default=12, help="papers a day")
    parser.add_argument("--days", type=whole(MOST_DAYS), default=2, help=f"announcement dates up to {NEWEST}")
    parser.add_argument("--workers", type=whole(64), default=2, help="processes of the cluster")
    parser.add_argument("--concurrency", type=whole(1000), default=8, help="model calls in flight")
    parser.add_argument(
        "--delay", type=seconds, default=0.2, help="a translation takes; a reading twice that"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        choices=sorted(FAULTS),
        metavar="NAME",
        help=f"of the fake arXiv, three requests long: {', '.join(sorted(FAULTS))}",
    )
    parser.add_argument(
        "--model-fault",
        choices=sorted(MODEL_FAULTS),
        metavar="NAME",
        help=f"every fifth answer of the model: {', '.join(sorted(MODEL_FAULTS))}",
    )
    return parser.parse_args(arguments)


def whole(most: int) -> Callable[[str], int]:
    """A type of option: a whole number from 1 to `most`."""

    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"a whole number from 1 to {most}, not {text!r}")
        return int(text)

    return number


def seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 <= (number := float(text)) <= GIVE_UP_AFTER:
            return number
    raise argparse.ArgumentTypeError(f"seconds from 0 to {GIVE_UP_AFTER:g}, not {text!r}")


def settings_of(folder: Path, options: argparse.Namespace) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "digest_site.settings",
        "NOW": NOW,
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "REDIS_URL": "",
        "WORKERS": str(options.workers),
        "LLM_CONCURRENCY": str(options.concurrency),
        "LLM_PRICE_INPUT": "1",
        "LLM_PRICE_OUTPUT": "2",
    }


def rehearse(days: list[dt.date], options: argparse.Namespace, model: FakeModel) -> int:
    """Ask for the days, ring the bell, watch; this process only looks at the tables."""
    django.setup()
    call_command("migrate", verbosity=0)
    started, wanted = time.monotonic(), options.papers * len(days)
    with cluster() as process:
        for day in days:
            queue("papers.tasks.ingest", f"{day:%F}")
        pids, state = watch(process, wanted, started)
    print(
        f"papers={state['entries']}/{wanted} complete={state['complete']} posts={state['posts']} "
        f"calls={state['calls']} asked={model.hits} wall={time.monotonic() - started:.1f}s"
    )
    strangers = {worker for worker in state["workers"] if int(worker.rpartition(":")[2]) not in pids}
    if strangers or not state["workers"]:
        print(f"jobs were done outside of the cluster: {strangers or 'by nobody'}", file=sys.stderr)
        return 1
    return 0 if state["complete"] == wanted else 1


def watch(process: subprocess.Popen[bytes], wanted: int, started: float) -> tuple[set[int], dict[str, Any]]:
    """Until every paper is complete or no work is left; the process ids that the cluster had, and the last state."""
    pids: set[int] = set()
    state, ended = count(), ""
    while time.monotonic() - started < GIVE_UP_AFTER and state["complete"] < wanted and not ended:
        ring()
        for _ in range(10):
            pids |= set(descendants(process.pid))
            time.sleep(0.2)
        before, state = state, count()
        print(f"  {state['entries']}/{wanted} in posts, {state['complete']} complete", flush=True)
        ended = standstill() if state == before and process.poll() is None else ended
    if state["complete"] < wanted:
        print(f"not complete: {ended or f'still not after {GIVE_UP_AFTER:g} seconds'}", file=sys.stderr)
    return pids, state


def standstill() -> str:
    """Why nothing more can come: all model work is halted, or what is left was given up. Empty: it goes on."""
    from papers import jobs, pipeline
    from papers.models import Job

    if halt := pipeline.current_halt():
        return f"model work is halted: {halt.message}"
    dead = Job.objects.filter(state="dead").order_by("kind", "subject")
    if jobs.open_work() or not dead:
        return ""
    return "given up: " + "; ".join(f"{job.kind} {job.subject}: {job.reason}" for job in dead[:5])


def count() -> dict[str, Any]:
    """Where things stand, from the tables."""
    from papers.models import Job, LLMCall
    from posts.models import DailyPost, Entry

    with_text = Entry.objects.exclude(paper__summary__current=None)
    return {
        "workers": set(Job.objects.exclude(worker="").values_list("worker", flat=True)),
        "posts": DailyPost.objects.count(),
        "entries": Entry.objects.count(),
        "complete": with_text.exclude(paper__summary__current__reading="").count(),
        "calls": LLMCall.objects.count(),
    }


def ring() -> None:
    """Ring the queue's bell now: its own schedules look at the tables once a minute, waits are longer."""
    from digest_site import clock
    from papers.models import Job

    Job.objects.filter(state="waiting").update(next_try_at=clock.machine_now())
    for task in ("papers.tasks.summarize", "posts.tasks.assemble"):
        queue(task)


def queue(function: str, *arguments: str) -> None:
    from django_q.tasks import async_task

    async_task(function, *arguments)


@contextmanager
def cluster() -> Iterator[subprocess.Popen[bytes]]:
    """A cluster in a group of its own; the kernel ends it should we be killed."""
    child = Child("cluster", [sys.executable, "manage.py", "qcluster"], cwd=ROOT)
    child.start()
    assert child.process
    try:
        yield child.process
    finally:
        child.end()
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(30)
        child.kill()


def descendants(pid: int) -> Iterator[int]:
    """A process and all below it, as /proc and `ps` tell."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    children: dict[int, list[int]] = {}
    for line in listing.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    todo = [pid]
    while todo:
        one = todo.pop()
        yield one
        todo += children.get(one, [])


if __name__ == "__main__":
    sys.exit(main())
