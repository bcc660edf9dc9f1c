"""What is only ever added to: who moved what, what readers were told of it, and the count of both."""

import datetime as dt
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models.functions import Greatest

from digest_site import clock, logs

from .revision import Revision

if TYPE_CHECKING:
    from .review import Summary

log = logging.getLogger("papers.review")


class ReviewEvent(models.Model):
    """Who moved which summary or post from where to where, when and why. Only ever added to."""

    subject_type = models.ForeignKey(ContentType, models.CASCADE, verbose_name="种类")
    subject_id = models.PositiveBigIntegerField("序号")
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
        transaction.on_commit(partial(_say, subject, f"{verb} {old}→{new}", by))
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


def _say(subject: models.Model, move: str, by: Any) -> None:
    """The move in the log, under the paper's id, once it is true."""
    paper = getattr(subject, "paper", None)
    with logs.about(f"review {paper.arxiv_id if paper else subject}"):
        log.info("%s by %s", move, by.get_username() if by else "the machine")


class Correction(models.Model):
    """A text the public had already seen changed: what, when and by whom, for readers to see."""

    PARTS = {"title": "标题", "abstract": "摘要", "reading": "详细解读"}

    summary = models.ForeignKey("Summary", models.CASCADE, related_name="corrections", verbose_name="译文")
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
    def record(cls, summary: "Summary", old: Revision | None, new: Revision, by: Any) -> None:
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
    def current(cls) -> int:
        return cls.objects.filter(pk=1).values_list("number", flat=True).first() or 0

    @classmethod
    def bump(cls) -> None:
        """Count one change of what the public may see, in the transaction that makes it.

        Last-Modified counts in seconds, so that each change has a second of its own, even if it lies ahead.
        """
        now = clock.machine_now()
        own = Greatest(models.Value(now), models.F("changed_at") + dt.timedelta(seconds=1))
        if not cls.objects.filter(pk=1).update(number=models.F("number") + 1, changed_at=own):
            cls.objects.get_or_create(pk=1, defaults={"number": 1, "changed_at": now})
