"""What arXiv said: its categories, what each source answered, and what it announced."""

from collections.abc import Iterable

from django.db import models
from django.db.models import Q


class Category(models.Model):
    """An arXiv category; aliases such as cs.SY and eess.SY are one row under the canonical code."""

    code = models.CharField("代码", max_length=32, primary_key=True)
    name_en = models.CharField("英文名", max_length=120)
    name_zh = models.CharField("中文名", max_length=120)
    aliases = models.JSONField("别名", default=list, blank=True)
    followed = models.BooleanField("关注", default=False, db_index=True)

    class Meta:
        ordering = ["code"]
        verbose_name = verbose_name_plural = "分类"

    def __str__(self) -> str:
        return f"{self.code} {self.name_zh}"

    @classmethod
    def follow(cls, codes: Iterable[str]) -> None:
        """Follow these categories and no others."""
        codes = list(codes)
        cls.objects.exclude(code__in=codes).filter(followed=True).update(followed=False)
        cls.objects.filter(code__in=codes, followed=False).update(followed=True)


class Poll(models.Model):
    """One question to one source about one category and date, and how it answered.

    `printed` is what arXiv printed as its own counts, by kind, stored before any entry is parsed:
    the ledger's denominator. A source that prints no count leaves it empty.
    """

    class Source(models.TextChoices):
        LIST = "list", "每日列表"
        CATCHUP = "catchup", "补看页"
        RSS = "rss", "RSS"
        API = "api", "API"
        OAI = "oai", "OAI-PMH"

    class State(models.TextChoices):
        ASKED = "asked", "已询问"
        OK = "ok", "正常"
        EMPTY = "empty", "为空"
        STALE = "stale", "过期"
        TRUNCATED = "truncated", "不完整"
        THROTTLED = "throttled", "被限流"
        BROKEN = "broken", "无法解析"
        UNREACHABLE = "unreachable", "无法连接"
        UNKNOWN = "unknown_category", "未知分类"

    source = models.CharField("来源", max_length=8, choices=Source)
    category = models.CharField("分类", max_length=200, help_text="一个分类，或用 + 连接的并集")
    date = models.DateField("公布日")
    asked_at = models.DateTimeField("询问时间")
    printed = models.JSONField("公布数", default=dict, blank=True)
    found = models.PositiveIntegerField("读到", null=True, blank=True)
    fresh = models.PositiveIntegerField("新增", null=True, blank=True)
    state = models.CharField("状态", max_length=20, choices=State, default=State.ASKED)
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [models.Index(fields=["date", "source", "category"])]
        verbose_name = verbose_name_plural = "询问记录"

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.category} {self.date}"

    @property
    def total(self) -> int | None:
        return papers_printed(self.printed)


def papers_printed(printed: dict[str, int]) -> int | None:
    """The papers that arXiv printed as new or cross-listed, one in two sections once; None where it printed no count."""
    if not printed:
        return None
    return printed.get("new", 0) + printed.get("cross", 0) - printed.get("twice", 0)


def _kept(condition: Q) -> models.GeneratedField:
    return models.GeneratedField(expression=condition, output_field=models.BooleanField(), db_persist=True)


# Who says what arXiv announced, by the names that `Announcement.sources` has: listing pages, which say one thing
# twice; the archive as a listing of long ago (oai); and what can second a listing, the archive's daily changes too.
LISTED_BY = ["list", "catchup", "oai"]
SECONDED_BY = ["rss", "api", "archive"]
NOT_THE_ARCHIVE = ["list", "catchup", "rss", "api"]


class Announcement(models.Model):
    """arXiv announced this paper in this category on this date; `sources` maps source to kind.

    What is asked of `sources` at every look is a column, which the database keeps: whether a listing said it,
    whether the feed did, and whether a listing was seconded by somebody else.
    """

    class Kind(models.TextChoices):
        NEW = "new", "新提交"
        CROSS = "cross", "交叉列表"
        REPLACE = "replace", "替换"
        LATE = "late", "补录"

    category = models.CharField("分类", max_length=32)
    date = models.DateField("公布日")
    arxiv_id = models.CharField("arXiv 编号", max_length=32)
    version = models.PositiveSmallIntegerField("版本", null=True, blank=True)
    kind = models.CharField("类型", max_length=8, choices=Kind)
    sources = models.JSONField("来源", default=dict)
    first_seen_at = models.DateTimeField("首次看到")
    listed = _kept(Q(sources__has_any_keys=LISTED_BY))
    fed = _kept(Q(sources__has_key="rss"))
    seconded = _kept(
        Q(sources__has_any_keys=LISTED_BY)
        & Q(sources__has_any_keys=SECONDED_BY)
        & Q(sources__has_any_keys=NOT_THE_ARCHIVE)
    )

    class Meta:
        ordering = ["date", "category", "arxiv_id"]
        constraints = [
            models.UniqueConstraint(fields=["category", "date", "arxiv_id"], name="one_announcement_a_day")
        ]
        indexes = [models.Index(fields=["arxiv_id"]), models.Index(fields=["date", "kind"])]
        verbose_name = verbose_name_plural = "公布记录"

    def __str__(self) -> str:
        return f"{self.date} {self.category} {self.arxiv_id} {self.get_kind_display()}"
