"""What one or two calls bring before it is a revision: one answer, one repair at most, the better one kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from papers import fidelity, jobs, llm, prompts
from papers.models import Job, LLMCall

BLOCKING = {"block", "error"}
# Attempts after which a whole text with findings goes to a person rather than wait for its repair.
PATIENCE = 3


@dataclass
class Draft:
    """A whole text that may have findings (by part). `rejected` says why an answer before it was not usable."""

    text: dict[str, str]
    calls: list[LLMCall]
    found: dict[str, list[fidelity.Finding]] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    rejected: str = ""

    @property
    def wrong(self) -> list[fidelity.Finding]:
        return blocking(finding for part in self.found.values() for finding in part)


# (failure to repair, whether the last answer ran out of room) -> a checked draft
Attempt = Callable[[str, bool], Draft]


def blocking(findings: Iterable[fidelity.Finding]) -> list[fidelity.Finding]:
    """Findings that are worth a second call to the model."""
    return [finding for finding in findings if finding.level in BLOCKING]


def best_of_two(job: Job, attempt: Attempt) -> Draft:
    """One answer, and when it fails a check, one repair that is told the failure; the better one wins.

    :raises prompts.BadReply: neither answer was a text.
    :raises llm.ModelError: there is no answer, or the repair may come later.
    """
    try:
        first = attempt("", False)
    except prompts.BadReply as error:
        second = attempt(error.message, False)
        second.rejected = error.reason
        return second
    except llm.ModelError as error:
        if error.kind != "too_long":
            raise
        return attempt("", True)
    return _better(first, _repaired(job, first, attempt)) if first.wrong else first


def _repaired(job: Job, first: Draft, attempt: Attempt) -> Draft | None:
    try:
        return attempt("\n".join(finding.message for finding in first.wrong), False)
    except prompts.BadReply as error:
        first.rejected = error.reason
    except llm.ModelError as error:
        worth_waiting = error.retryable and job.attempts < PATIENCE and not jobs.is_last_strike(job)
        if error.halts or worth_waiting:
            raise
    return None


def _better(first: Draft, second: Draft | None) -> Draft:
    if second is None:
        return first
    winner = second if len(second.wrong) <= len(first.wrong) else first
    winner.calls = [*first.calls, *second.calls] if winner is second else [*second.calls, *first.calls]
    return winner
