"""What pressing 发布 would do, said exactly before it is pressed.

A plan has a `seal` over all that it says. The form carries it back: a post that changed meanwhile is not published, and
the new plan is shown instead.
"""

import hashlib
from dataclasses import dataclass, field

from papers import ledger
from papers.models import Fault, Job, Summary
from posts.models import DailyPost, Digest, Entry

Status = Summary.Status

WHY_NOT = {
    Status.WAITING: "还在等待翻译",
    Status.NEEDS_REVIEW: "还没有人通过",
    Status.APPROVED: "没有公开文字",
    Status.REJECTED: "已拒绝",
    Status.MANUAL: "等待手工翻译",
}


@dataclass(frozen=True)
class Line:
    """One entry and what will become of it; `note` is what an editor should know of it."""

    entry: Entry
    shown: bool
    kind: str
    note: str = ""

    @property
    def summary(self) -> Summary | None:
        return getattr(self.entry.paper, "summary", None)


@dataclass(frozen=True)
class Plan:
    post: DailyPost
    lines: list[Line]
    troubles: list[str] = field(default_factory=list)

    @property
    def appearing(self) -> list[Line]:
        return [line for line in self.lines if line.shown]

    @property
    def absent(self) -> list[Line]:
        return [line for line in self.lines if not line.shown]

    @property
    def seal(self) -> str:
        said = [
            f"{line.entry.pk}:{line.shown}:{line.kind}:{getattr(line.summary, 'current_id', '')}"
            for line in self.lines
        ]
        return hashlib.sha256("|".join([self.post.status, *said]).encode()).hexdigest()[:32]


def plan(post: DailyPost) -> Plan:
    """What would and would not appear, entry by entry, in the post's order."""
    entries = list(
        post.entries.select_related("paper__summary__current", "paper__summary__public").order_by(
            "position", "id"
        )
    )
    for entry in entries:
        entry.post = post
    failed = _failures(entries)
    lines = [_line(entry, post.digest, failed.get(entry.paper.arxiv_id, "")) for entry in entries]
    return Plan(post, lines, _troubles(post))


def _failures(entries: list[Entry]) -> dict[str, str]:
    ids = [entry.paper.arxiv_id for entry in entries]
    dead = Job.objects.filter(kind=Job.Kind.TRANSLATE, state=Job.State.DEAD, subject__in=ids)
    return {job.subject: f"{Fault.name_of(job.error_class)}（{job.reason}）" for job in dead}


def _line(entry: Entry, digest: Digest, failure: str) -> Line:
    summary: Summary | None = getattr(entry.paper, "summary", None)
    if entry.held:
        return Line(entry, False, "规则", entry.held)
    if summary is None:
        return Line(entry, False, "未译", "还没有译文")
    if summary.public:
        return _public_line(entry, summary)
    if digest.policy == Digest.Policy.MACHINE and _machine_may_show(summary):
        return Line(entry, True, "机器译文", "将标明“机器翻译，未经审校”")
    note = WHY_NOT[Status(summary.status)]
    if failure and summary.current is None:
        note = f"{note}；没有译成：{failure}"
    return Line(entry, False, summary.get_status_display(), note)


def _public_line(entry: Entry, summary: Summary) -> Line:
    kind = "已审校" if summary.is_reviewed else "机器译文"
    newer = summary.current_id != summary.public_id
    return Line(entry, True, kind, "显示上次通过的文字；更新的文字还没有通过" if newer else "")


def _machine_may_show(summary: Summary) -> bool:
    """As DailyPost.publish does it under the policy `machine`."""
    return summary.status == Status.NEEDS_REVIEW and summary.current is not None and summary.worst != "block"


def _troubles(post: DailyPost) -> list[str]:
    """What the ledger of the date says against calling the day complete."""
    book = ledger.of_day(post.date, post.digest.categories)
    troubles = list(book.troubles)
    if book.announced > book.stored:
        troubles.append(
            f"arXiv 公布 {book.announced} 篇，存下 {book.stored} 篇，缺 {book.announced - book.stored} 篇"
        )
    unlisted = [line.code for line in book.categories if line.printed is None]
    if unlisted:
        troubles.append(f"还没有读到这些分类的列表：{'、'.join(unlisted)}")
    return troubles
