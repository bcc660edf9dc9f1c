"""The queue's way into the use cases of posts."""

from . import daily

SCHEDULES = {"assemble": ("posts.tasks.assemble", 3)}


def assemble() -> None:
    """Bring the drafts of the open dates up to date; publish where the policy says so."""
    daily.assemble_open_days()
