"""A paper in Chinese and the people's state machine around it.

States move only by the verbs of `Summary`. A verb checks the table MOVES, does one conditional
update on the state and revision it was asked about, requires that it hit (else WrongState: somebody
was faster) and writes its ReviewEvent, in one transaction.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from digest_site import clock

from .log import Correction, Generation, ReviewEvent
from .paper import Paper
from .revision import Finding, Revision
from .states import MOVES, StaleEdit, Status, WrongState


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
        indexes = [
            models.Index(fields=["status", "worst"]),
            models.Index(fields=["public_since"]),
            models.Index(fields=["public_changed_at"]),
        ]
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

    def translated(self, revision: Revision) -> None:
        """The first complete machine text is here: a person may look at it."""
        self._make_current(revision)
        if self.status == Status.WAITING:
            self._move("translated", by=None)

    def offer(self, revision: Revision, *, why: str) -> None:
        """A later machine text (a reading, a changed abstract) becomes the newest, for review."""
        self._make_current(revision)
        if self.status == Status.APPROVED:
            self._move("source_changed" if why == "source" else "grew", by=None)

    def refused(self, note: str) -> None:
        """The model will not do this paper: it goes to a person, and is never dropped."""
        self._move("refused", by=None, note=note)

    def imported(self, revision: Revision, at: dt.datetime) -> None:
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

    def approve(self, by: Any, revision: Revision | None = None, note: str = "") -> None:
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

    def edit(self, by: Any, base: Revision | None, *, title: str, abstract: str, reading: str) -> Revision:
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

    def dismiss(self, by: Any, fingerprints: Iterable[str]) -> int:
        """Silence these findings until the words they speak of change; how many of the current text."""
        return self._mark("dismiss", by, fingerprints, dismissed_by=by, dismissed_at=clock.now())

    def restore(self, by: Any, fingerprints: Iterable[str]) -> int:
        """Take a dismissal back; how many findings of the current text are open again."""
        return self._mark("restore", by, fingerprints, dismissed_by=None, dismissed_at=None)

    def weigh(self) -> None:
        """Keep the gravest level among the current text's findings that nobody dismissed."""
        open_ones = self.findings.filter(revision=self.current_id, dismissed_at=None)
        levels = set(open_ones.values_list("level", flat=True))
        self.worst = next((level for level in Finding.LEVELS if level in levels), "")
        Summary.objects.filter(pk=self.pk, current=self.current_id).update(worst=self.worst)

    # How a move is made

    def _mark(self, verb: str, by: Any, fingerprints: Iterable[str], **marks: Any) -> int:
        """A dismissal holds for the same words in every revision, so both ways change all of them."""
        if not by.has_perm("papers.change_summary"):
            raise PermissionDenied
        rows = self.findings.filter(
            fingerprint__in=list(fingerprints), dismissed_at__isnull=verb == "dismiss"
        )
        with transaction.atomic():
            said = list(rows.filter(revision=self.current_id).values_list("message", flat=True))
            if rows.update(**marks):
                self.weigh()
            if said:
                ReviewEvent.record(self, verb, self.status, self.status, by, "；".join(said))
        return len(said)

    def _make_current(self, revision: Revision) -> None:
        Summary.objects.filter(pk=self.pk).update(current=revision)
        self.current = revision

    def _add_revision(self, by: Any, base: Revision | None, text: dict[str, str]) -> Revision:
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
