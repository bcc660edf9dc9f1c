"""Where people stand with a text, and which moves there are between."""

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from .revision import Revision


class WrongState(Exception):
    """The move is not allowed from where things stand now; somebody else was faster."""


class StaleEdit(WrongState):
    """The edit started from a revision that is no longer the current one.

    `mine` is the refused text (title, abstract, reading), `theirs` the revision that came between.
    """

    def __init__(self, mine: dict[str, str], theirs: "Revision | None") -> None:
        super().__init__("这篇文字在您编辑期间已被修改")
        self.mine = mine
        self.theirs = theirs


class Status(models.TextChoices):
    WAITING = "waiting", "等待翻译"
    NEEDS_REVIEW = "needs_review", "待审"
    APPROVED = "approved", "已通过"
    REJECTED = "rejected", "已拒绝"
    MANUAL = "manual", "手工翻译"


# verb -> (states it may start from, state it ends in, permission it needs; None for the machine too)
MOVES: dict[str, tuple[tuple[str, ...], str, str | None]] = {
    "translated": ((Status.WAITING,), Status.NEEDS_REVIEW, None),
    "refused": ((Status.WAITING, Status.NEEDS_REVIEW), Status.MANUAL, None),
    "source_changed": ((Status.APPROVED,), Status.NEEDS_REVIEW, None),
    "grew": ((Status.APPROVED,), Status.NEEDS_REVIEW, None),
    "imported": ((Status.WAITING,), Status.NEEDS_REVIEW, None),
    "approve": ((Status.NEEDS_REVIEW,), Status.APPROVED, "papers.approve_summary"),
    "reject": (
        (Status.WAITING, Status.NEEDS_REVIEW, Status.MANUAL),
        Status.REJECTED,
        "papers.approve_summary",
    ),
    "reopen": ((Status.REJECTED,), Status.NEEDS_REVIEW, "papers.approve_summary"),
    "send_back": ((Status.NEEDS_REVIEW, Status.MANUAL), Status.WAITING, "papers.approve_summary"),
    "take_over": ((Status.WAITING, Status.NEEDS_REVIEW), Status.MANUAL, "papers.change_summary"),
    "edited": ((Status.APPROVED, Status.MANUAL), Status.NEEDS_REVIEW, "papers.change_summary"),
}
