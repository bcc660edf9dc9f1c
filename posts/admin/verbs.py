"""The names of moves as editors read them, and the log of one subject as a timeline."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from papers.models import ReviewEvent, Summary
from posts.models import DailyPost
from posts.names import office_name

VERBS = {
    "translated": "译出",
    "refused": "模型没有译成",
    "source_changed": "原文有变",
    "grew": "补上解读",
    "imported": "导入",
    "approve": "通过",
    "reject": "拒绝",
    "reopen": "重新打开",
    "send_back": "退回重译",
    "take_over": "手工翻译",
    "edited": "修改",
    "dismiss": "忽略检查结果",
    "restore": "恢复检查结果",
    "withdraw": "撤下",
    "publish": "发布",
}
STATES: dict[str, str] = dict(Summary.Status.choices) | dict(DailyPost.Status.choices)
MACHINE = "机器"


@dataclass(frozen=True)
class Move:
    """One row of the log, in words."""

    at: dt.datetime
    who: str
    verb: str
    old: str
    new: str
    note: str


def verb_name(verb: str) -> str:
    return VERBS.get(verb, verb)


def person_name(user: Any) -> str:
    return office_name(user) if user else MACHINE


def timeline(events: Iterable[ReviewEvent]) -> list[Move]:
    """Newest first, as the log gives it."""
    return [
        Move(
            event.at,
            person_name(event.by),
            verb_name(event.verb),
            STATES.get(event.old, event.old),
            STATES.get(event.new, event.new),
            event.note,
        )
        for event in events
    ]
