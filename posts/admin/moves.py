"""What the buttons of the desk do: each is a verb of the models, or two in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from papers import pipeline
from papers.models import Revision, StaleEdit, Summary, WrongState
from posts.models import Report

from .readers import settle
from .typed import Typed

Status = Summary.Status


@dataclass(frozen=True)
class Outcome:
    """What to tell the editor. `decided`: this text is behind us, the next one comes."""

    message: str
    decided: bool = False
    keep_draft: bool = False
    is_problem: bool = False


def save(summary: Summary, by: Any, typed: Typed) -> Revision | None:
    """Store the typed text as a revision of its own, with what was dismissed on it.

    :raises StaleEdit: somebody saved another text meanwhile.
    """
    if summary.status == Status.REJECTED:
        raise WrongState("“已拒绝”的译文要先重新打开，才能修改")
    if typed.is_unchanged and (typed.base and typed.base.pk) != summary.current_id:
        raise StaleEdit(typed.text, summary.current)
    if typed.is_unchanged and summary.status != Status.MANUAL:
        summary.dismiss(by, typed.dismissed)
        return typed.base
    with transaction.atomic():
        if summary.status == Status.WAITING:
            summary.take_over(by)
        revision = pipeline.save_edit(summary, by, typed.base, **typed.text)
        summary.dismiss(by, typed.dismissed)
    return revision


def _save(summary: Summary, by: Any, typed: Typed) -> Outcome:
    before = summary.current_id
    save(summary, by, typed)
    summary.refresh_from_db()
    return Outcome("没有改动，不必保存" if summary.current_id == before else "已保存")


def _approve(summary: Summary, by: Any, typed: Typed) -> Outcome:
    """Save what was typed and approve exactly that; a blocking finding has to be pressed twice."""
    with transaction.atomic():
        revision = save(summary, by, typed)
        summary.refresh_from_db()
        if summary.worst == "block" and not typed.despite:
            return Outcome(
                "还有严重的检查结果没有处理，所以没有通过。请改正或忽略，或者再按一次通过。", is_problem=True
            )
        if summary.status != Status.APPROVED:
            summary.approve(by, revision, typed.note)
        settled = _settle(summary, by) if typed.settle else 0
    return Outcome(f"已通过 {summary}" + (f"，{settled} 条读者报错已处理" if settled else ""), decided=True)


def _settle(summary: Summary, by: Any) -> int:
    if not by.has_perm("posts.change_report"):
        return 0
    return settle(Report.objects.filter(paper=summary.paper_id), by)


def _settle_reports(summary: Summary, by: Any, typed: Typed) -> Outcome:
    return Outcome(f"{_settle(summary, by)} 条读者报错已处理", keep_draft=True)


def _send_back(summary: Summary, by: Any, typed: Typed) -> Outcome:
    pipeline.retranslate(summary, by, typed.note)
    return Outcome(f"已退回重译 {summary}", decided=True, keep_draft=True)


def _reject(summary: Summary, by: Any, typed: Typed) -> Outcome:
    summary.reject(by, typed.note)
    return Outcome(f"已拒绝 {summary}", decided=True, keep_draft=True)


def _take_over(summary: Summary, by: Any, typed: Typed) -> Outcome:
    summary.take_over(by, typed.note)
    return Outcome("这一篇由您手工翻译：写好后按“通过并下一篇”或“保存”", keep_draft=True)


def _reopen(summary: Summary, by: Any, typed: Typed) -> Outcome:
    summary.reopen(by, typed.note)
    return Outcome("已重新打开")


def _withdraw(summary: Summary, by: Any, typed: Typed) -> Outcome:
    if not typed.note:
        raise WrongState("撤下要写明原因（填在“说明”里）")
    summary.withdraw(by, typed.note)
    return Outcome(f"已撤下 {summary}", decided=True, keep_draft=True)


def _skip(summary: Summary, by: Any, typed: Typed) -> Outcome:
    return Outcome("", decided=True, keep_draft=True)


def _discard(summary: Summary, by: Any, typed: Typed) -> Outcome:
    return Outcome("草稿已放弃")


MOVES: dict[str, Callable[[Summary, Any, Typed], Outcome]] = {
    "approve": _approve,
    "save": _save,
    "skip": _skip,
    "send_back": _send_back,
    "reject": _reject,
    "take_over": _take_over,
    "reopen": _reopen,
    "withdraw": _withdraw,
    "settle": _settle_reports,
    "discard": _discard,
}

# Which buttons make sense where, and the permission each needs.
BUTTONS: dict[str, tuple[tuple[str, ...], str]] = {
    "approve": (
        (Status.NEEDS_REVIEW, Status.MANUAL, Status.WAITING, Status.APPROVED),
        "papers.approve_summary",
    ),
    "save": (
        (Status.NEEDS_REVIEW, Status.MANUAL, Status.WAITING, Status.APPROVED),
        "papers.change_summary",
    ),
    "send_back": ((Status.NEEDS_REVIEW, Status.MANUAL), "papers.approve_summary"),
    "reject": ((Status.WAITING, Status.NEEDS_REVIEW, Status.MANUAL), "papers.approve_summary"),
    "take_over": ((Status.WAITING, Status.NEEDS_REVIEW), "papers.change_summary"),
    "reopen": ((Status.REJECTED,), "papers.approve_summary"),
}


def buttons(summary: Summary, user: Any) -> set[str]:
    """The verbs this person may use on this text as it stands; the models check again."""
    allowed = {
        verb
        for verb, (states, permission) in BUTTONS.items()
        if summary.status in states and user.has_perm(permission)
    }
    if summary.public_id and user.has_perm("papers.withdraw_summary"):
        allowed.add("withdraw")
    if user.has_perm("papers.change_summary"):
        allowed.add("skip")
    return allowed
