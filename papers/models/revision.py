"""The texts of a paper, each kept for good, and what the checks found in them."""

from django.conf import settings
from django.db import models

from digest_site import clock

from .machine import LLMCall


class Revision(models.Model):
    """One text, never changed after it was written. `author` is empty for the machine's."""

    summary = models.ForeignKey("Summary", models.CASCADE, related_name="revisions", verbose_name="译文")
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

    summary = models.ForeignKey("Summary", models.CASCADE, related_name="findings", verbose_name="译文")
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
