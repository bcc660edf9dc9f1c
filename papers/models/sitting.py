"""An editor at a text: that it is open, what was typed and not saved yet, how long it took."""

import datetime as dt
from typing import Any, Self

from django.conf import settings
from django.db import models

from digest_site import clock

from .review import Summary
from .revision import Revision

# A page that was not heard of for this long is closed, or its machine asleep.
PRESENT = dt.timedelta(seconds=75)


class SittingQuerySet(models.QuerySet["Sitting"]):
    def present(self) -> Self:
        """Editors who have the text open now."""
        return self.filter(seen_at__gte=clock.machine_now() - PRESENT).select_related("user")


class Sitting(models.Model):
    """One row an editor and text. Times are the machine's: a rehearsal holds the other clock still.

    `draft` is the unsaved text (title, abstract, reading) that started from `base`; None when there is none.
    """

    summary = models.ForeignKey(Summary, models.CASCADE, related_name="sittings", verbose_name="译文")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="sittings", verbose_name="何人"
    )
    opened_at = models.DateTimeField("打开")
    seen_at = models.DateTimeField("最近一次看到", null=True, db_index=True)
    closed_at = models.DateTimeField("处理完", null=True)
    base = models.ForeignKey(Revision, models.SET_NULL, null=True, related_name="+", verbose_name="草稿基于")
    draft = models.JSONField("草稿", null=True)
    draft_at = models.DateTimeField("草稿时间", null=True)

    objects = SittingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["summary", "user"], name="one_sitting_a_text")]
        indexes = [models.Index(fields=["user", "-closed_at"])]
        default_permissions = ()
        verbose_name = verbose_name_plural = "审校中"

    def __str__(self) -> str:
        return f"{self.user_id} {self.summary_id}"

    @classmethod
    def open(cls, summary: Summary, user: Any) -> Self:
        """The editor has the text open now; the time of a new look begins to count."""
        now = clock.machine_now()
        sitting, created = cls.objects.get_or_create(
            summary=summary, user=user, defaults={"opened_at": now, "seen_at": now}
        )
        if not created:
            if sitting.closed_at or not sitting.is_present(now):
                sitting.opened_at = now
            sitting.seen_at, sitting.closed_at = now, None
            sitting.save(update_fields=["opened_at", "seen_at", "closed_at"])
        return sitting

    def is_present(self, now: dt.datetime) -> bool:
        return self.seen_at is not None and self.seen_at >= now - PRESENT

    def keep(self, base: Revision | None, draft: dict[str, str] | None) -> None:
        """Keep what is typed; None forgets it."""
        self.base, self.draft = (base, draft) if draft is not None else (None, None)
        self.draft_at = clock.machine_now() if draft is not None else None
        self.save(update_fields=["base", "draft", "draft_at"])

    def leave(self) -> None:
        """The page was closed; what was typed stays."""
        self.seen_at = None
        self.save(update_fields=["seen_at"])

    def finish(self) -> None:
        """The editor has decided: nothing is open, and the time it took counts for the pace."""
        self.closed_at, self.seen_at = clock.machine_now(), None
        self.save(update_fields=["closed_at", "seen_at"])
