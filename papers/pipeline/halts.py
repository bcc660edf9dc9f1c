"""What stops all model work at once: a bad key, an empty balance, an unknown model."""

from django.db import transaction

from digest_site import clock, logs
from papers.models import Halt, Slot


class Halted(Exception):
    """Model work stands still until a person resumes it; nothing was asked."""


def halt(error_class: str, message: str) -> None:
    """Stop all model work with one visible alarm, however many papers run into the same wall."""
    with transaction.atomic():
        Slot.lock("halt")
        if not Halt.objects.filter(cleared_at=None).exists():
            Halt.objects.create(
                error_class=error_class, message=logs.clean(message)[:500], since=clock.machine_now()
            )


def refuse_when_halted() -> None:
    """:raises Halted: somebody ran into the wall since this piece of work was claimed."""
    if found := current_halt():
        raise Halted(found.message)


def current_halt() -> Halt | None:
    return Halt.objects.filter(cleared_at=None).first()


def clear_halt() -> int:
    """Let model work go on; the number of halts that were lifted."""
    return Halt.objects.filter(cleared_at=None).update(cleared_at=clock.machine_now())
