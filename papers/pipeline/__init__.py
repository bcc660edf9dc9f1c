"""The use cases, from a date to reviewed-ready texts: the only room that joins leaves and models.

`ingest` lists a date, `work_off` does whatever the Job table has due; commands, tasks, buttons and
tests all come in here. Every step may be repeated at any time: work is claimed from the Job table,
and a paid reply is stored before it is used.
"""

from .announcing import announced_ids, followed
from .catchup import (
    REQUESTS_A_TEXT,
    Backlog,
    NotYet,
    Step,
    backlog,
    due_days,
    enlist,
    estimate,
    list_days,
    require_announced,
    without_just_listed,
)
from .edits import recheck, retranslate, save_edit
from .halts import clear_halt, current_halt
from .listing import ingest
from .metadata import ask_for_unannounced
from .money import Spent, spent_today
from .polls import Listed
from .turns import Away, kept_away
from .work import Progress, work_off

__all__ = [
    "REQUESTS_A_TEXT",
    "Away",
    "Backlog",
    "Listed",
    "NotYet",
    "Progress",
    "Spent",
    "Step",
    "announced_ids",
    "ask_for_unannounced",
    "backlog",
    "clear_halt",
    "current_halt",
    "due_days",
    "enlist",
    "estimate",
    "followed",
    "ingest",
    "kept_away",
    "list_days",
    "recheck",
    "require_announced",
    "retranslate",
    "save_edit",
    "spent_today",
    "without_just_listed",
    "work_off",
]
