"""What stops all model work at once: a bad key, an empty balance, an unknown model."""

from digest_site import clock, logs
from papers.models import Halt


def halt(error_class: str, message: str) -> None:
    """Stop all model work with one visible alarm, however many papers run into the same wall."""
    if not Halt.objects.filter(cleared_at=None).exists():
        Halt.objects.create(
            error_class=error_class, message=logs.clean(message)[:500], since=clock.machine_now()
        )


def current_halt() -> Halt | None:
    return Halt.objects.filter(cleared_at=None).first()


def clear_halt() -> int:
    """Let model work go on; the number of halts that were lifted."""
    return Halt.objects.filter(cleared_at=None).update(cleared_at=clock.machine_now())
