"""A paper in Chinese and the people's state machine around it.

States move only by the verbs of `Summary`. A verb checks the table MOVES, does one conditional
update on the state and revision it was asked about, requires that it hit (else WrongState: somebody
was faster) and writes its ReviewEvent, in one transaction.
"""

import datetime as dt
from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from digest_site import clock

from .machine import LLMCall
from .paper import Paper


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


class SummaryQuerySet(models.QuerySet["Summary"]):
    def awaiting_people(self) -> Self:
        """What an editor can work on: texts to review and papers to translate by hand."""
        return self.filter(status__in=[Status.NEEDS_REVIEW, Status.MANUAL])

    def shown(self) -> Self:
        """Summaries with a text that the public may see (their post must be published too)."""
        return self.filter(public__isnull=False)


class Summary(models.Model):
    """A paper in Chinese: where people stand with it, its newest text and the text the public sees."""

    Status = Status

    paper = models.OneToOneField(Paper, models.CASCADE, related_name="summary", verbose_name="论文")
    status = models.CharField(
        "状态", max_length=14, choices=Status, default=Status.WAITING, editable=False, db_index=True
    )
    current = models.ForeignKey(
        "Revision", models.SET_NULL, null=True, related_name="+", editable=False, verbose_name="当前文字"
    )
    public = models.ForeignKey(
        "Revision", models.SET_NULL, null=True, related_name="+", editable=False, verbose_name="公开文字"
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    reviewed_at = models.DateTimeField("审定时间", null=True, editable=False)
    public_since = models.DateTimeField("首次公开", null=True, editable=False)
    public_changed_at = models.DateTimeField("公开文字更新", null=True, editable=False)
    instruction = models.TextField("给模型的要求", blank=True, editable=False)
    # Up to here people's words may be replaced by the machine's: they asked for it.
    sent_back_from = models.ForeignKey(
        "Revision", models.SET_NULL, null=True, related_name="+", editable=False, verbose_name="退回的文字"
    )
    worst = models.CharField("最重的检查结果", max_length=8, blank=True, editable=False, db_index=True)
    created_at = models.DateTimeField("建立", auto_now_add=True)

    objects = SummaryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "译文"
        indexes = [models.Index(fields=["status", "worst"])]
        permissions = [
            ("approve_summary", "可以通过、拒绝、退回译文"),
            ("withdraw_summary", "可以撤下已公开的译文"),
        ]

    def __str__(self) -> str:
        return f"{self.paper.arxiv_id} {self.title or self.paper.title}"

    @property
    def title(self) -> str:
        return self.current.title if self.current else ""

    @property
    def is_reviewed(self) -> bool:
        """Whether a person approved what the public sees (else it is marked as the machine's)."""
        return self.public_id is not None and self.reviewed_at is not None

    # Verbs of the machine

    def translated(self, revision: "Revision") -> None:
        """The first complete machine text is here: a person may look at it."""
        self._make_current(revision)
        if self.status == Status.WAITING:
            self._move("translated", by=None)

    def offer(self, revision: "Revision", *, why: str) -> None:
        """A later machine text (a reading, a changed abstract) becomes the newest, for review."""
        self._make_current(revision)
        if self.status == Status.APPROVED:
            self._move("source_changed" if why == "source" else "grew", by=None)

    def refused(self, note: str) -> None:
        """The model will not do this paper: it goes to a person, and is never dropped."""
        self._move("refused", by=None, note=note)

    def imported(self, revision: "Revision", at: dt.datetime) -> None:
        """A text of the old site is public since `at`, marked, until an editor approves one.

        A later version of it takes its place; the pipeline's own newest text stays the current one. The
        caller bumps the generation, once for a whole post.
        """
        if not self.takes_imports:
            raise WrongState("人已经处理过这一篇")
        before = self.public
        show: dict[str, Any] = {"public": revision, "public_since": self.public_since or at}
        show["public_changed_at"] = clock.now() if before else at
        if self.current is None or self.current_id == self.public_id:
            show["current"] = revision
        with transaction.atomic():
            if self.status == Status.WAITING:
                self._move("imported", by=None, **show)
            else:
                same = Summary.objects.filter(pk=self.pk, status=self.status, reviewed_at=None, public=before)
                if same.update(**show) != 1:
                    raise WrongState("别人刚刚处理了这一篇")
                self.refresh_from_db()
            Correction.record(self, before, revision, None)

    @property
    def takes_imports(self) -> bool:
        """Whether no person has written, approved or rejected anything here yet."""
        by_hand = any(text is not None and not text.by_machine for text in (self.current, self.public))
        return not by_hand and self.reviewed_at is None and self.status != Status.REJECTED

    # Verbs of people

    def approve(self, by: Any, revision: "Revision | None" = None, note: str = "") -> None:
        """Make the text that `by` looked at (`revision`, by default the current one) the public one."""
        seen = revision or self.current
        if seen is None or not (seen.title and seen.abstract):
            raise WrongState("还没有可以通过的译文")
        now = clock.now()
        before = self.public
        with transaction.atomic():
            self._move(
                "approve",
                by=by,
                note=note,
                only_if={"current": seen},
                public=seen,
                reviewed_by=by,
                reviewed_at=now,
                public_since=self.public_since or now,
                public_changed_at=now,
            )
            Correction.record(self, before, seen, by)
            Generation.bump()

    def reject(self, by: Any, note: str = "") -> None:
        """Leave this paper out; it does not come back tomorrow. What was public stays public."""
        self._move("reject", by=by, note=note)

    def reopen(self, by: Any, note: str = "") -> None:
        """Take a rejected paper back into the queue; only people do this."""
        self._move("reopen", by=by, note=note)

    def send_back(self, by: Any, instruction: str = "") -> None:
        """退回重译: have the model translate again, with an instruction from the editor."""
        self._move("send_back", by=by, note=instruction, instruction=instruction, sent_back_from=self.current)

    def take_over(self, by: Any, note: str = "") -> None:
        """手工翻译: a person writes this one."""
        self._move("take_over", by=by, note=note)

    def withdraw(self, by: Any, note: str) -> None:
        """Take the public text away; the only way a public text ever disappears, and it shows."""
        if not by.has_perm("papers.withdraw_summary"):
            raise PermissionDenied
        if self.public_id is None:
            raise WrongState("这篇译文没有公开")
        with transaction.atomic():
            same = Summary.objects.filter(pk=self.pk, status=self.status, public=self.public_id)
            if same.update(public=None, status=Status.REJECTED, public_changed_at=clock.now()) != 1:
                raise WrongState("别人刚刚处理了这一篇，请刷新后再看")
            ReviewEvent.record(self, "withdraw", self.status, Status.REJECTED, by, note)
            Generation.bump()
        self.refresh_from_db()

    def edit(
        self, by: Any, base: "Revision | None", *, title: str, abstract: str, reading: str
    ) -> "Revision":
        """Store a person's text that started from `base`.

        :raises StaleEdit: when another revision has become current since; nothing is overwritten.
        """
        if not by.has_perm("papers.change_summary"):
            raise PermissionDenied
        text = {"title": title, "abstract": abstract, "reading": reading}
        with transaction.atomic():
            same = base is not None and base.text == text
            revision = base if same else self._add_revision(by, base, text)
            self.refresh_from_db(fields=["status"])
            written = self.status == Status.MANUAL and title and abstract
            if written or (self.status == Status.APPROVED and not same):
                self._move("edited", by=by)
        return revision

    def publish_machine_text(self) -> bool:
        """Under the policy `machine`: show the machine's newest text, marked, until an editor approves one.

        It takes the place of an earlier text of the machine. What a person has written and nobody approved
        is not the machine's to show, and what a person approved not the machine's to replace.
        """
        now, before = clock.now(), self.public
        machines = Revision.objects.filter(pk=models.OuterRef("current"), author=None)
        same = Summary.objects.filter(
            models.Exists(machines), pk=self.pk, public=before, reviewed_at=None, status=Status.NEEDS_REVIEW
        ).exclude(public__isnull=False, public=models.F("current"))
        with transaction.atomic():
            hit = same.update(
                public=models.F("current"), public_since=self.public_since or now, public_changed_at=now
            )
            self.refresh_from_db()
            if hit and self.public:
                Correction.record(self, before, self.public, None)
                Generation.bump()
        return hit == 1

    def weigh(self) -> None:
        """Keep the gravest level among the current text's findings that nobody dismissed."""
        levels = set(
            Finding.objects.filter(revision=self.current_id, dismissed_at=None).values_list(
                "level", flat=True
            )
        )
        self.worst = next((level for level in Finding.LEVELS if level in levels), "")
        Summary.objects.filter(pk=self.pk, current=self.current_id).update(worst=self.worst)

    # How a move is made

    def _make_current(self, revision: "Revision") -> None:
        Summary.objects.filter(pk=self.pk).update(current=revision)
        self.current = revision

    def _add_revision(self, by: Any, base: "Revision | None", text: dict[str, str]) -> "Revision":
        revision = Revision.objects.create(
            summary=self, author=by, base=base, paper_version=self.paper.version, **text
        )
        if Summary.objects.filter(pk=self.pk, current=base).update(current=revision) != 1:
            raise StaleEdit(text, Summary.objects.get(pk=self.pk).current)
        self.current = revision
        return revision

    def _move(
        self, verb: str, *, by: Any, note: str = "", only_if: dict[str, Any] | None = None, **also: Any
    ) -> None:
        start, end, permission = MOVES[verb]
        if permission and not by.has_perm(permission):
            raise PermissionDenied
        if self.status not in start:
            raise WrongState(f"“{self.get_status_display()}”的译文不能这样做")
        with transaction.atomic():
            same = Summary.objects.filter(pk=self.pk, status=self.status, **(only_if or {}))
            if same.update(status=end, **also) != 1:
                raise WrongState("别人刚刚处理了这一篇，请刷新后再看")
            ReviewEvent.record(self, verb, self.status, end, by, note)
        self.refresh_from_db()


class Revision(models.Model):
    """One text, never changed after it was written. `author` is empty for the machine's."""

    summary = models.ForeignKey(Summary, models.CASCADE, related_name="revisions", verbose_name="译文")
    title = models.TextField("中文标题")
    abstract = models.TextField("中文摘要")
    reading = models.TextField("详细解读", blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name="作者"
    )
    base = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", verbose_name="基于")
    paper_version = models.PositiveSmallIntegerField("论文版本")
    calls = models.ManyToManyField(LLMCall, related_name="revisions", verbose_name="模型调用")
    made_at = models.DateTimeField("时间", default=clock.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = verbose_name_plural = "修订"

    def __str__(self) -> str:
        return f"{self.title[:40]}"

    @property
    def text(self) -> dict[str, str]:
        return {"title": self.title, "abstract": self.abstract, "reading": self.reading}

    @property
    def by_machine(self) -> bool:
        return self.author_id is None


class Finding(models.Model):
    """A check that fired on a revision; a dismissal lives as long as the texts it speaks of."""

    LEVELS = ("block", "error", "warning", "info", "autofix")  # in the order that people care about

    class Part(models.TextChoices):
        TITLE = "title", "标题"
        ABSTRACT = "abstract", "摘要"
        READING = "reading", "解读"

    summary = models.ForeignKey(Summary, models.CASCADE, related_name="findings", verbose_name="译文")
    revision = models.ForeignKey(Revision, models.CASCADE, related_name="findings", verbose_name="修订")
    part = models.CharField("部分", max_length=8, choices=Part)
    check_name = models.CharField("检查", max_length=40)
    level = models.CharField("级别", max_length=8)
    message = models.CharField("说明", max_length=400)
    source_span = models.JSONField(null=True)
    target_span = models.JSONField(null=True)
    fix = models.JSONField("修正", null=True)
    fingerprint = models.CharField(max_length=64, db_index=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name="忽略者"
    )
    dismissed_at = models.DateTimeField("忽略时间", null=True)

    class Meta:
        ordering = ["id"]
        verbose_name = verbose_name_plural = "检查结果"

    def __str__(self) -> str:
        return self.message

    def dismiss(self, by: Any) -> None:
        """Silence this finding until the texts it speaks of change."""
        if not by.has_perm("papers.change_summary"):
            raise PermissionDenied
        self.dismissed_by, self.dismissed_at = by, clock.now()
        with transaction.atomic():
            self.save(update_fields=["dismissed_by", "dismissed_at"])
            Summary.objects.get(pk=self.summary_id).weigh()


class ReviewEvent(models.Model):
    """Who moved which summary or post from where to where, when and why. Only ever added to."""

    subject_type = models.ForeignKey(ContentType, models.CASCADE)
    subject_id = models.PositiveBigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    verb = models.CharField("动作", max_length=24)
    old = models.CharField("原状态", max_length=14)
    new = models.CharField("新状态", max_length=14)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name="何人")
    at = models.DateTimeField("何时")
    note = models.TextField("为何", blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["subject_type", "subject_id"])]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "审校记录"

    def __str__(self) -> str:
        return f"{self.verb} {self.old}→{self.new}"

    @classmethod
    def record(cls, subject: models.Model, verb: str, old: str, new: str, by: Any, note: str = "") -> Self:
        return cls.objects.create(
            subject_type=ContentType.objects.get_for_model(subject),
            subject_id=subject.pk,
            verb=verb,
            old=old,
            new=new,
            by=by,
            at=clock.now(),
            note=note,
        )

    @classmethod
    def of(cls, subject: models.Model) -> models.QuerySet["ReviewEvent"]:
        kind = ContentType.objects.get_for_model(subject)
        return cls.objects.filter(subject_type=kind, subject_id=subject.pk).select_related("by")


class Correction(models.Model):
    """A text the public had already seen changed: what, when and by whom, for readers to see."""

    PARTS = {"title": "标题", "abstract": "摘要", "reading": "详细解读"}

    summary = models.ForeignKey(Summary, models.CASCADE, related_name="corrections", verbose_name="译文")
    old = models.ForeignKey(Revision, models.SET_NULL, null=True, related_name="+", verbose_name="原文字")
    new = models.ForeignKey(Revision, models.SET_NULL, null=True, related_name="+", verbose_name="新文字")
    what = models.CharField("改动", max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name="何人"
    )
    at = models.DateTimeField("何时")

    class Meta:
        ordering = ["-at", "-id"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "更正"

    def __str__(self) -> str:
        return self.what

    @classmethod
    def record(cls, summary: Summary, old: Revision | None, new: Revision, by: Any) -> None:
        """Write down how `new` differs from the text that was public before, if there was one."""
        if old is None or old.text == new.text:
            return
        added = [name for part, name in cls.PARTS.items() if not old.text[part] and new.text[part]]
        changed = [
            name for part, name in cls.PARTS.items() if old.text[part] and old.text[part] != new.text[part]
        ]
        what = "；".join(
            f"{verb}{'、'.join(names)}" for verb, names in (("修改", changed), ("补充", added)) if names
        )
        cls.objects.create(summary=summary, old=old, new=new, what=what, by=by, at=clock.now())


class Generation(models.Model):
    """The content generation: part of every page cache key, so a change of the public is seen at once."""

    number = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = verbose_name_plural = "内容版本"

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def bump(cls) -> None:
        """Count one change of what the public may see, in the transaction that makes it."""
        now = clock.machine_now()
        if not cls.objects.filter(pk=1).update(number=models.F("number") + 1, changed_at=now):
            cls.objects.get_or_create(pk=1, defaults={"number": 1, "changed_at": now})
