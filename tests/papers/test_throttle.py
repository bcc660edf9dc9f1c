"""Taking turns at arXiv: over processes, through crashes, and when arXiv asks to be left alone."""

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digest_site import clock
from papers import holders
from papers.harvest import SourceError
from papers.models import Slot
from papers.pipeline import outside, turns
from tests.fakes.arxiv import FakeArxiv
from tests.papers.ingesting import WED, at, serve, week

ROOT = Path(__file__).resolve().parents[2]
DELAY = 0.25
CLIENT = """
import django; django.setup()
from papers.pipeline import outside
for _ in range(4):
    outside.arxiv().new_list("cs.SD")
"""


@pytest.fixture
def arxiv(settings: Any) -> Iterator[FakeArxiv]:
    settings.NOW = at(WED, 9)
    with serve(settings, week()) as server:
        settings.ARXIV_DELAY_SECONDS = DELAY
        yield server


def gap(server: FakeArxiv) -> float:
    return server.smallest_gap()


def test_three_processes_share_one_connection_and_keep_the_distance(tmp_path: Path, settings: Any) -> None:
    """Real processes on a real database file; the server measures."""
    settings.NOW = at(WED, 9)
    with serve(settings, week()) as server:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "digest_site.settings",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'turns.sqlite3'}",
            "ARXIV_SITE_URL": server.site_url,
            "ARXIV_API_URL": server.api_url,
            "ARXIV_RSS_URL": server.rss_url,
            "ARXIV_OAI_URL": server.oai_url,
            "ARXIV_DELAY_SECONDS": str(DELAY),
            "NOW": at(WED, 9).isoformat(),
        }
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        clients = [
            subprocess.Popen([sys.executable, "-c", CLIENT], cwd=ROOT, env=environment) for _ in range(3)
        ]
        assert [client.wait(60) for client in clients] == [0, 0, 0]
        assert len(server.requests) == 12
        assert server.most_at_once() == 1
        assert gap(server) >= DELAY


@pytest.mark.django_db(transaction=True)
def test_the_distance_counts_from_the_end_of_a_slow_answer(arxiv: FakeArxiv) -> None:
    arxiv.fault("slow", times=1, value=0.8)
    for _ in range(2):
        outside.arxiv().new_list("cs.SD")
    first, second = arxiv.requests
    assert first.ended is not None
    assert second.started - first.started >= 0.7 + DELAY


@pytest.mark.django_db(transaction=True)
def test_retry_after_holds_up_everybody(arxiv: FakeArxiv) -> None:
    arxiv.fault("rate-429-retry-after", times=1, value=1, path="^/rss")
    client = outside.arxiv()
    with pytest.raises(SourceError) as caught:
        client.rss(["cs.SD"])
    assert caught.value.retry_after == 1
    outside.arxiv().new_list("cs.SD")  # another door, another client
    assert gap(arxiv) >= 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["rate-429", "rate-200", "refuse-406"])
def test_without_retry_after_the_pause_doubles_with_jitter(
    arxiv: FakeArxiv, settings: Any, fault: str
) -> None:
    settings.ARXIV_DELAY_SECONDS = 3
    arxiv.fault(fault)
    pauses = []
    for _ in range(5):
        Slot.objects.update(next_at=None)
        with pytest.raises(SourceError):
            outside.arxiv().new_list("cs.SD")
        pauses.append((Slot.objects.get().next_at - clock.machine_now()).total_seconds())
    assert all(30 * 2**n - 1 <= pause <= 45 * 2**n for n, pause in enumerate(pauses)), pauses
    assert len({pause / 2**n for n, pause in enumerate(map(round, pauses))}) > 1


@pytest.mark.django_db(transaction=True)
def test_one_good_answer_ends_the_doubling(arxiv: FakeArxiv) -> None:
    arxiv.fault("rate-429", times=3)
    for _ in range(4):
        Slot.objects.update(next_at=None)
        try:
            outside.arxiv().new_list("cs.SD")
        except SourceError:
            continue
    ahead = (Slot.objects.get().next_at - clock.machine_now()).total_seconds()
    assert ahead <= DELAY
    assert turns._pause(None) < dt.timedelta(seconds=DELAY * 15 + 1)


@pytest.mark.django_db(transaction=True)
def test_nobody_sits_out_an_hour_the_job_waits_instead_of_the_process(arxiv: FakeArxiv) -> None:
    Slot.objects.create(name="arxiv", next_at=clock.machine_now() + dt.timedelta(hours=1))
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        outside.arxiv().new_list("cs.SD")
    assert time.monotonic() - started < 1
    assert caught.value.state == "throttled"
    assert 3500 < (caught.value.retry_after or 0) <= 3600
    assert not arxiv.requests


@pytest.mark.django_db(transaction=True)
def test_the_turn_of_a_process_that_died_is_free_at_once(arxiv: FakeArxiv) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    held = clock.machine_now() + turns.HOLD
    Slot.objects.create(name="arxiv", holder=f"{holders.HOST}:{dead.pid}:abc", held_until=held)
    started = time.monotonic()
    outside.arxiv().new_list("cs.SD")
    assert time.monotonic() - started < 2


@pytest.mark.django_db(transaction=True)
def test_the_turn_of_a_living_process_or_of_another_machine_is_waited_for(arxiv: FakeArxiv) -> None:
    for holder in (f"{holders.HOST}:{os.getpid()}:abc", "elsewhere:1:abc"):
        held = clock.machine_now() + dt.timedelta(seconds=0.6)
        Slot.objects.update_or_create(
            name="arxiv", defaults={"holder": holder, "held_until": held, "next_at": None}
        )
        started = time.monotonic()
        outside.arxiv().new_list("cs.SD")
        assert time.monotonic() - started >= 0.5


@pytest.mark.django_db(transaction=True)
def test_an_error_that_is_no_excuse_costs_no_more_than_the_delay(arxiv: FakeArxiv) -> None:
    arxiv.fault("html-200", times=1)
    with pytest.raises(SourceError):
        outside.arxiv().new_list("cs.SD")
    assert (Slot.objects.get().next_at - clock.machine_now()).total_seconds() <= DELAY
    assert Slot.objects.get().holder == ""


def test_every_request_names_us_and_says_what_it_accepts(arxiv: FakeArxiv, db: None) -> None:
    outside.arxiv().new_list("cs.SD")
    headers = arxiv.requests[0].headers
    assert headers["User-Agent"].startswith("arxiv-chinese-digest (+")
    assert "text/html" in headers["Accept"]
