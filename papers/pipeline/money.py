"""The paid call: reserved under the day's ceiling before it, stored raw after it, never made twice."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from digest_site import clock
from papers import llm, prompts
from papers.models import Job, LLMCall, Paper, Slot

from . import outside

MILLION = Decimal(1_000_000)
TEMPERATURE = 0.2
# Failures before the model began to work.
NOT_BILLED = {"bad_key", "no_balance", "unknown_model", "unreachable", "busy"}


class OverBudget(Exception):
    """The day's ceiling is reached; `until` is when the next day's begins."""

    def __init__(self, until: dt.datetime) -> None:
        super().__init__(f"今日费用已达上限，{timezone.localtime(until):%m-%d %H:%M} 后继续")
        self.until = until


@dataclass(frozen=True)
class Spent:
    """What model calls cost today (of open ones: what is reserved), beside the ceiling."""

    amount: Decimal
    ceiling: Decimal | None
    calls: int


def day_bounds() -> tuple[dt.datetime, dt.datetime]:
    """The budget's day, midnight to midnight in the site's zone."""
    start = timezone.localtime(clock.machine_now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + dt.timedelta(days=1)


def spent_today() -> Spent:
    start, end = day_bounds()
    calls = LLMCall.objects.filter(opened_at__gte=start, opened_at__lt=end)
    amount = calls.aggregate(sum=Sum(Coalesce("price", "reserved")))["sum"]
    return Spent(amount or Decimal(0), settings.LLM_DAILY_BUDGET, calls.count())


def ask(job: Job, paper: Paper, purpose: str, name: str, prompt: prompts.Prompt) -> LLMCall:
    """The reply to a prompt: the stored one if it was paid for before, else a new paid one.

    :raises llm.ModelError: the call failed; it is closed with its error class.
    :raises OverBudget: the ceiling delays it; nothing was asked.
    """
    digest = _digest(job, name, prompt)
    if paid := LLMCall.objects.filter(key__startswith=digest, state=LLMCall.State.DONE).first():
        return paid
    call = _open(digest, job, paper, purpose, name, prompt)
    if not connection.in_atomic_block:
        connection.close()  # nothing is held open while the model thinks
    return _close(call, name, prompt)


def _digest(job: Job, name: str, prompt: prompts.Prompt) -> str:
    """What makes two calls the same: a new round of a job is a new question on purpose."""
    asked = [job.kind, job.subject, job.round, name, prompts.VERSION, prompt.max_tokens, prompt.messages]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:48]


def _open(digest: str, job: Job, paper: Paper, purpose: str, name: str, prompt: prompts.Prompt) -> LLMCall:
    reserved = _estimate(prompt)
    with transaction.atomic():
        if settings.LLM_DAILY_BUDGET is not None:
            _under_the_ceiling(reserved)
        number = LLMCall.objects.filter(key__startswith=digest).count()
        return LLMCall.objects.create(
            key=f"{digest}:{number}",
            job=job,
            paper=paper,
            purpose=purpose,
            model=name,
            prompt_version=prompts.VERSION,
            reserved=reserved,
            opened_at=clock.machine_now(),
        )


def _under_the_ceiling(reserved: Decimal | None) -> None:
    """One row is locked, so that two processes cannot both spend the last of the day's money."""
    Slot.objects.get_or_create(name="budget")
    Slot.objects.select_for_update().get(name="budget")
    spent = spent_today()
    if spent.amount + (reserved or 0) > settings.LLM_DAILY_BUDGET:
        raise OverBudget(day_bounds()[1])


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
        _store(
            call,
            state=LLMCall.State.FAILED,
            error_class=error.kind,
            reply=error.raw or "",
            prompt_tokens=error.prompt_tokens,
            completion_tokens=error.completion_tokens,
            price=_price_of_failure(error),
        )
        raise
    return _store(
        call,
        state=LLMCall.State.DONE,
        reply=done.text,
        prompt_tokens=done.prompt_tokens,
        cached_tokens=done.cached_tokens,
        completion_tokens=done.completion_tokens,
        price=price(done.prompt_tokens, done.completion_tokens),
        seconds=round(done.seconds, 3),
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
    call.save(update_fields=[*result, "closed_at"])
    return call


def unusable(call: LLMCall, why: str) -> None:
    """The reply was paid for but cannot be used; the same question may be asked once more."""
    LLMCall.objects.filter(pk=call.pk).update(state=LLMCall.State.UNUSABLE, error_class=why[:32])


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
    asked = sum(llm.estimate_tokens(message["content"]) for message in prompt.messages)
    return price(asked, min(prompt.max_tokens, asked + 500))
