"""What calls cost: reserved before, counted after, never paid twice, never above the ceiling."""

import datetime as dt
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from digest_site import clock
from papers import costs, jobs, pipeline, prompts
from papers.models import Job, LLMCall, Revision, Summary
from papers.pipeline import failures, money
from papers.pipeline.work import WORK
from tests.base import make_paper
from tests.fakes.model import FakeModel
from tests.papers.machine_tools import claimed, environment_of, make_waiting, translated, waits

ROOT = Path(__file__).resolve().parents[2]
State, Kind = LLMCall.State, Job.Kind


@pytest.fixture(autouse=True)
def model(model: FakeModel, settings: Any) -> FakeModel:
    settings.LLM_PRICE_INPUT, settings.LLM_PRICE_OUTPUT = Decimal(1), Decimal(2)
    settings.LLM_DAILY_BUDGET = None
    return model


def asked(job: Job, words: str = "") -> LLMCall:
    paper = Summary.objects.get(paper__arxiv_id=job.subject).paper
    return money.ask(
        job, paper, "translate", "fake", prompts.translation(paper.title, paper.abstract + words)
    )


# One bill a question


@pytest.mark.django_db
def test_a_paid_reply_is_used_again_and_never_asked_for_twice(model: FakeModel) -> None:
    job = claimed(Kind.TRANSLATE, make_waiting().paper)
    assert asked(job) == asked(job)
    assert model.hits == 1


@pytest.mark.django_db(transaction=True)
def test_a_paid_reply_is_stored_once_the_database_is_there_again(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = claimed(Kind.TRANSLATE, make_waiting().paper)
    monkeypatch.setattr(money, "STORE_AGAIN", (0, 0, 0))
    save, away = LLMCall.save, iter([OperationalError("disk I/O error"), InterfaceError("closed")])

    def save_or_fail(call: LLMCall, **options: Any) -> None:
        if options.get("update_fields") and (error := next(away, None)):
            raise error
        save(call, **options)

    monkeypatch.setattr(LLMCall, "save", save_or_fail)
    asked(job)
    assert next(away, None) is None
    assert LLMCall.objects.get().state == LLMCall.State.DONE and model.hits == 1


@pytest.mark.django_db
def test_another_question_or_another_round_is_another_call(model: FakeModel) -> None:
    job = claimed(Kind.TRANSLATE, make_waiting().paper)
    first = asked(job)
    assert asked(job, " One more sentence.") != first
    job.round += 1
    assert asked(job) != first
    assert model.hits == 3 and LLMCall.objects.count() == 3


@pytest.mark.django_db
def test_a_reply_that_could_not_be_used_is_paid_for_but_not_read_again(model: FakeModel) -> None:
    model.enqueue("english", "english")
    summary = make_waiting()
    translated(summary)
    before = money.spent_today().amount
    assert before > 0
    translated(summary)
    assert model.hits == 3
    assert LLMCall.objects.filter(state=State.UNUSABLE).count() == 2
    assert money.spent_today().amount > before


@pytest.mark.django_db
def test_a_killed_process_is_resumed_where_it_was_even_before_its_repair(model: FakeModel) -> None:
    """The first answer was bad and its process died before the repair: only the repair is paid for."""
    model.enqueue("english", "ok")
    summary = make_waiting()
    job = claimed(Kind.TRANSLATE, summary.paper)
    prompt = prompts.translation(summary.paper.title, summary.paper.abstract, _offered(summary))
    money.ask(job, summary.paper, "translate", "fake", prompt)
    failures.run(job, WORK[job.kind])
    assert model.hits == 2 and Revision.objects.count() == 1


def _offered(summary: Summary) -> list[prompts.Term]:
    from papers.pipeline.termbase import matcher
    from papers.pipeline.texts import _offered as offered

    return offered(matcher(), f"{summary.paper.title}\n{summary.paper.abstract}")


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_between_reply_and_text_costs_nothing_more(model: FakeModel, tmp_path: Path) -> None:
    """kill -9 right after the reply was stored; another process finds it and writes the text."""
    summary = make_waiting()
    jobs.enqueue(Kind.TRANSLATE, [summary.paper.arxiv_id])
    script = f"""
import os, signal, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = {str(connection.settings_dict["NAME"])!r}
from papers import pipeline
from papers.pipeline import revisions
revisions.store = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
pipeline.work_off()
"""
    command = [sys.executable, "-c", script]
    killed = subprocess.run(command, env=environment_of(model), cwd=ROOT, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert LLMCall.objects.get().state == State.DONE and not Revision.objects.exists()
    pipeline.work_off()
    summary.refresh_from_db()
    assert summary.status == Summary.Status.NEEDS_REVIEW
    assert model.hits == 1


@pytest.mark.django_db
def test_an_open_call_of_a_dead_process_stays_counted(model: FakeModel) -> None:
    summary = make_waiting()
    job = claimed(Kind.TRANSLATE, summary.paper)
    LLMCall.objects.create(
        key="lost:0",
        job=job,
        paper=summary.paper,
        purpose="translate",
        model="fake",
        prompt_version="1",
        reserved=Decimal("0.5"),
        opened_at=clock.machine_now(),
    )
    assert money.spent_today().amount == Decimal("0.5")
    asked(job)
    lost = LLMCall.objects.get(key="lost:0")
    assert (lost.state, lost.error_class, lost.price) == (State.FAILED, "lost", None)
    assert money.spent_today().amount > Decimal("0.5")


# Prices


@pytest.mark.django_db
def test_an_unknown_price_is_null_and_never_zero(settings: Any) -> None:
    settings.LLM_PRICE_INPUT = settings.LLM_PRICE_OUTPUT = None
    translated(make_waiting())
    call = LLMCall.objects.get()
    assert call.price is None and call.reserved is None and call.prompt_tokens
    assert money.spent_today() == money.Spent(Decimal(0), None, 1, unpriced=1)


@pytest.mark.django_db
def test_a_price_is_tokens_times_what_a_million_costs() -> None:
    translated(make_waiting())
    call = LLMCall.objects.get()
    assert call.price == (Decimal(call.prompt_tokens) + 2 * Decimal(call.completion_tokens)) / 1_000_000
    assert call.reserved > call.price, "the guess is a cautious one"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "billed"), [("bad-key-401", False), ("rate-429", False), ("error-in-stream", True)]
)
def test_a_failed_call_costs_what_came_of_it(model: FakeModel, fault: str, billed: bool) -> None:
    model.enqueue(fault)
    translated(make_waiting())
    call = LLMCall.objects.get()
    assert call.state == State.FAILED and call.reply
    assert (call.price > 0) == billed


@pytest.mark.django_db
def test_a_call_of_which_nothing_came_back_counts_as_reserved(model: FakeModel, settings: Any) -> None:
    settings.LLM_DEADLINE_SECONDS = 1
    model.enqueue("silent")
    assert translated(make_waiting()).error_class == "timeout"
    call = LLMCall.objects.get()
    assert call.price is None and money.spent_today().amount == call.reserved


@pytest.mark.django_db
def test_token_counts_that_are_our_own_estimate_are_marked(model: FakeModel) -> None:
    model.enqueue("no-usage")
    translated(make_waiting())
    assert LLMCall.objects.get().estimated


# The ceiling


def spend(amount: str, at: dt.datetime | None = None) -> None:
    LLMCall.objects.create(
        key=f"spent:{time.monotonic_ns()}",
        paper=make_paper(),
        purpose="translate",
        model="fake",
        prompt_version="1",
        state=State.DONE,
        price=Decimal(amount),
        opened_at=at or clock.machine_now(),
    )


@pytest.mark.django_db
def test_the_ceiling_delays_until_midnight_and_says_so(model: FakeModel, settings: Any) -> None:
    settings.LLM_DAILY_BUDGET = Decimal("0.01")
    spend("0.009999")
    summary = make_waiting()
    job = translated(summary)
    assert model.hits == 0 and not job.strikes and job.error_class == "budget"
    midnight = timezone.localtime(job.next_try_at)
    assert (midnight.hour, midnight.minute) == (0, 0)
    assert dt.timedelta(0) < waits(job) <= dt.timedelta(days=1)
    assert f"{midnight:%m-%d} 00:00 后继续" in job.reason
    assert summary.status == Summary.Status.WAITING


@pytest.mark.django_db
def test_yesterday_s_money_is_not_today_s(model: FakeModel, settings: Any) -> None:
    settings.LLM_DAILY_BUDGET = Decimal("0.01")
    spend("5", money.day_bounds()[0] - dt.timedelta(seconds=1))
    assert translated(make_waiting()).state == Job.State.DONE


@pytest.mark.django_db
def test_the_budget_s_day_is_the_site_s(settings: Any) -> None:
    start, end = money.day_bounds()
    assert timezone.localtime(start).strftime("%H:%M %Z") == "00:00 CST"
    assert end - start == dt.timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_threads_never_spend_more_than_the_ceiling(model: FakeModel, settings: Any) -> None:
    settings.LLM_CONCURRENCY = 12
    papers = [make_waiting().paper.arxiv_id for _ in range(24)]
    translated(make_waiting())
    one = LLMCall.objects.get()
    settings.LLM_DAILY_BUDGET = one.price + one.reserved * 6
    model.set_delay(0.05)
    jobs.enqueue(Kind.TRANSLATE, papers)
    pipeline.work_off()
    assert money.spent_today().amount <= settings.LLM_DAILY_BUDGET
    left = Job.objects.filter(error_class="budget")
    assert 0 < left.count() < 24 - 6
    assert {job.next_try_at for job in left} == {money.day_bounds()[1]}


@pytest.mark.django_db(transaction=True)
def test_two_reservations_at_once_cannot_both_have_the_last_of_the_money(settings: Any) -> None:
    settings.LLM_DAILY_BUDGET = Decimal("1.5")
    held: list[bool] = []
    gate = threading.Barrier(8)

    def reserve(number: int) -> None:
        gate.wait()
        with money.transaction.atomic():
            if fits := money._fits_the_ceiling(Decimal(1)):
                LLMCall.objects.create(
                    key=f"{number}",
                    purpose="t",
                    model="m",
                    prompt_version="1",
                    reserved=1,
                    opened_at=clock.machine_now(),
                )
            held.append(fits)
        connection.close()

    threads = [threading.Thread(target=reserve, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(held) == [False] * 7 + [True]


# Sums for people


@pytest.mark.django_db
def test_costs_are_summed_by_day_model_and_paper() -> None:
    first, second = make_waiting(), make_waiting()
    translated(first)
    translated(second)
    spend("7", money.day_bounds()[0] - dt.timedelta(hours=1))
    today = timezone.localdate()
    total = sum(call.price for call in LLMCall.objects.filter(opened_at__gte=money.day_bounds()[0]))
    assert {line.name: line.price for line in costs.by_day()}[f"{today:%F}"] == total
    assert [line.name for line in costs.by_model()] == ["fake"]
    assert {line.name for line in costs.by_paper()} >= {first.paper.arxiv_id, second.paper.arxiv_id}
    assert costs.of_paper(first.paper).calls == 1
    assert costs.of_paper(second.paper).price == second.paper.calls.get().price
