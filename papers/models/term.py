"""The term base: how we translate what recurs."""

from django.db import models


class Term(models.Model):
    """An English term, our Chinese for it, what else is right and what is wrong."""

    english = models.CharField("英文", max_length=120, unique=True)
    chinese = models.CharField("首选译名", max_length=120, blank=True)
    variants = models.JSONField("可接受的译名", default=list, blank=True)
    keep_as_is = models.BooleanField("保留英文", default=False)
    forbidden = models.JSONField("禁用译名", default=list, blank=True)
    is_topic = models.BooleanField("主题标签", default=False, db_index=True)
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        ordering = ["english"]
        verbose_name = verbose_name_plural = "术语"

    def __str__(self) -> str:
        return f"{self.english} → {self.chinese or self.english}"
