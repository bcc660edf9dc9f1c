"""The paid call: reserved under the day's ceiling before it, stored raw after it, never made twice."""

import datetime as dt
import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from digest_site import clock
from papers import llm, prompts
from papers.models import Job, LLMCall, Paper, Slot

from . import outside
from .halts import refuse_when_halted

log = logging.getLogger("papers.money")

MILLION = Decimal(1_000_000)
TEMPERATURE = 0.2
# Failures before the model began to work.
NOT_BILLED = {"bad_key", "no_balance", "unknown_model", "unreachable", "busy"}
# What other calls have reserved comes free, mostly, when they end.
LOOK_AGAIN = 0.5
# A reply is paid for: while the database is away, restarting or full, it is tried so often to be stored.
STORE_AGAIN = (0.5, 1, 2, 5, 10, 20, 30, 60)

State = LLMCall.State


class OverBudget(Exception):
    """The day's ceiling is reached; `until` is when the next day's begins."""

    def __init__(self, until: dt.datetime) -> None:
        super().__init__(f"今日费用已达上限，{timezone.localtime(until):%m-%d %H:%M} 后继续")
        self.until = until


@dataclass(frozen=True)
class Spent:
    """What model calls cost today (of those without a price: what is reserved), beside the ceiling.

    `unpriced` counts the calls of which neither is known: `amount` leaves them out, it does not call them free.
    """

    amount: Decimal
    ceiling: Decimal | None
    calls: int
    unpriced: int = 0


def day_bounds() -> tuple[dt.datetime, dt.datetime]:
    """The budget's day, midnight to midnight in the site's zone."""
    start = timezone.localtime(clock.machine_now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + dt.timedelta(days=1)


def spent_today() -> Spent:
    calls = _today()
    sums = calls.aggregate(unpriced=Count("pk", filter=Q(price=None, reserved=None)), all=Count("pk"))
    return Spent(_amount(calls), settings.LLM_DAILY_BUDGET, sums["all"], sums["unpriced"])


def _today() -> QuerySet[LLMCall]:
    start, end = day_bounds()
    return LLMCall.objects.filter(opened_at__gte=start, opened_at__lt=end)


def _amount(calls: QuerySet[LLMCall]) -> Decimal:
    return calls.aggregate(sum=Sum(Coalesce("price", "reserved")))["sum"] or Decimal(0)


def ask(job: Job, paper: Paper, purpose: str, name: str, prompt: prompts.Prompt) -> LLMCall:
    """The reply to a prompt: the stored one if it was paid for before, else a new paid one.

    :raises llm.ModelError: the call failed; it is closed with its error class.
    :raises OverBudget: the ceiling delays it; nothing was asked.
    :raises Halted: all model work stands still; nothing was asked.
    """
    digest = _digest(job, name, prompt)
    if paid := _asked_before(paper, digest).filter(state=State.DONE).first():
        return paid
    while (call := _open(digest, job, paper, purpose, name, prompt)) is None:
        time.sleep(LOOK_AGAIN * (1 + secrets.randbelow(100) / 100))
    if not connection.in_atomic_block:
        connection.close()  # nothing is held open while the model thinks
    return _close(call, name, prompt)


def _digest(job: Job, name: str, prompt: prompts.Prompt) -> str:
    """What makes two calls the same: a new round of a job is a new question on purpose."""
    asked = [job.kind, job.subject, job.round, name, prompts.VERSION, prompt.max_tokens, prompt.messages]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:48]


def _asked_before(paper: Paper, digest: str) -> QuerySet[LLMCall]:
    # The paper narrows it to a few rows: SQLite has no index for "starts with".
    return LLMCall.objects.filter(paper=paper, key__startswith=f"{digest}:")


def _open(
    digest: str, job: Job, paper: Paper, purpose: str, name: str, prompt: prompts.Prompt
) -> LLMCall | None:
    """The call's row, which reserves its price; None while only calls in flight stand in its way."""
    reserved = _estimate(prompt)
    with transaction.atomic():
        refuse_when_halted()
        if settings.LLM_DAILY_BUDGET is not None and not _fits_the_ceiling(reserved):
            return None
        _close_lost_calls(job)
        return LLMCall.objects.create(
            key=f"{digest}:{_asked_before(paper, digest).count()}",
            job=job,
            paper=paper,
            purpose=purpose,
            model=name,
            prompt_version=prompts.VERSION,
            reserved=reserved,
            opened_at=clock.machine_now(),
        )


def _close_lost_calls(job: Job) -> None:
    """Only the job's holder asks for it: an open call is of a process that is gone, its bill what was reserved."""
    job.calls.filter(state=State.OPEN).update(
        state=State.FAILED, error_class="lost", closed_at=clock.machine_now()
    )


def _fits_the_ceiling(reserved: Decimal | None) -> bool:
    """Whether a call may be made now. One row is locked: two processes cannot both spend the last of the money.

    :raises OverBudget: what is spent leaves no room for it today.
    """
    Slot.lock("budget")
    wanted = reserved or Decimal(0)
    if _amount(_today()) + wanted <= settings.LLM_DAILY_BUDGET:
        return True
    if _amount(_today().exclude(_in_flight())) + wanted > settings.LLM_DAILY_BUDGET:
        raise OverBudget(day_bounds()[1])
    return False


def _in_flight() -> Q:
    """Calls that may still turn out cheaper than what they reserved; a killed process's will not."""
    oldest = clock.machine_now() - dt.timedelta(seconds=settings.LLM_DEADLINE_SECONDS + 60)
    return Q(state=State.OPEN, opened_at__gte=oldest)


def _close(call: LLMCall, name: str, prompt: prompts.Prompt) -> LLMCall:
    try:
        done = outside.model().complete(
            model=name,
            messages=prompt.messages,
            json_reply=prompt.json_reply,
            max_tokens=prompt.max_tokens,
            temperature=TEMPERATURE,
        )
    except llm.ModelError as error:
        _store_failure(call, error)
        raise
    return _store(
        call,
        state=State.DONE,
        reply=done.text,
        prompt_tokens=done.prompt_tokens,
        cached_tokens=done.cached_tokens,
        completion_tokens=done.completion_tokens,
        estimated=done.estimated,
        price=price(done.prompt_tokens, done.completion_tokens),
        seconds=round(done.seconds, 3),
    )


def _store_failure(call: LLMCall, error: llm.ModelError) -> None:
    _store(
        call,
        state=State.FAILED,
        error_class=error.kind,
        reply=error.raw or str(error),
        prompt_tokens=error.prompt_tokens,
        completion_tokens=error.completion_tokens,
        estimated=error.estimated,
        price=_price_of_failure(error),
    )


def _price_of_failure(error: llm.ModelError) -> Decimal | None:
    """What a failed call cost; None where only the server knows, so that what was reserved counts."""
    if error.prompt_tokens is None and error.kind not in NOT_BILLED:
        return None
    return price(error.prompt_tokens, error.completion_tokens)


def _store(call: LLMCall, **result: object) -> LLMCall:
    for field, value in result.items():
        setattr(call, field, value)
    call.closed_at = clock.machine_now()
    _patiently(lambda: call.save(update_fields=[*result, "closed_at"]))
    return call


def _patiently(store: Callable[[], None]) -> None:
    """Do it once the database can; in the end its error is everybody's."""
    for seconds in STORE_AGAIN:
        try:
            return store()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            log.warning("the database does not take a reply that is paid for; once more in %s s", seconds)
            connection.close()
            time.sleep(seconds)
    store()


def unusable(job: Job, why: str) -> None:
    """What was paid for in this attempt cannot be used; the same questions may be asked once more."""
    job.calls.filter(state=State.DONE, revisions=None).update(state=State.UNUSABLE, error_class=why[:32])


def price(prompt_tokens: int | None, completion_tokens: int | None) -> Decimal | None:
    """Price of a call in the budget's currency; None, never 0, where no price is configured."""
    if settings.LLM_PRICE_INPUT is None or settings.LLM_PRICE_OUTPUT is None:
        return None
    paid = settings.LLM_PRICE_INPUT * (prompt_tokens or 0) + settings.LLM_PRICE_OUTPUT * (
        completion_tokens or 0
    )
    return (paid / MILLION).quantize(Decimal("0.000001"))


def _estimate(prompt: prompts.Prompt) -> Decimal | None:
    """A cautious guess of what the call may cost, reserved before it is made."""
    asked = prompt.tokens
    return price(asked, min(prompt.max_tokens, asked + 500))
