"""The queue's way into the use cases of posts."""

from papers.tasks import Pulse, beat, is_stopping

from . import daily, rendered, search_index
from .telling import outbox

# A task goes back to the queue after this long, so that the next one gets its turn.
NOTIFY_SECONDS = 120

SCHEDULES = {
    "assemble": ("posts.tasks.assemble", 3),
    "notify": ("posts.tasks.tell", 1),
    "forget": ("posts.tasks.forget", 24 * 60),
}


def assemble() -> None:
    """Bring the drafts of the open dates up to date; publish where the policy says so."""
    beat()
    daily.assemble_open_days()
    rendered.prepare_public()
    search_index.catch_up()


def tell() -> None:
    """Published days, alarms, letters and pings: find what is to be told, and tell it."""
    outbox.find()
    outbox.deliver(NOTIFY_SECONDS, tell=Pulse(), stop=is_stopping)


def forget() -> None:
    """Addresses of who never answered or has left, and what was told long ago."""
    outbox.forget()
