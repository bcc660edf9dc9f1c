"""Digests, their daily posts and the entries in them; the one definition of public."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.urls import reverse
from taggit.managers import TaggableManager

from digest_site import clock
from papers.models import Category, Generation, Paper, ReviewEvent, Summary, WrongState
from posts import addresses


class Digest(models.Model):
    """A named set of categories with its own daily post."""

    class Policy(models.TextChoices):
        REVIEWED = "reviewed", "审校后发布"
        MACHINE = "machine", "机器译文可先发布（有标记）"

    slug = models.SlugField("地址名", unique=True)
    title = models.CharField("标题", max_length=80)
    description = models.CharField("简介", max_length=300, blank=True)
    categories = models.JSONField("分类", default=list)
    primary_only = models.BooleanField("只收主分类", default=False)
    include_keywords = models.JSONField("只收含这些词的", default=list, blank=True)
    exclude_keywords = models.JSONField("不收含这些词的", default=list, blank=True)
    anchor = models.TimeField("锚点", default=dt.time(8, 50))
    zone = models.CharField("时区", max_length=40, default="Asia/Shanghai")
    policy = models.CharField("发布方式", max_length=8, choices=Policy, default=Policy.REVIEWED)
    active = models.BooleanField("启用", default=True)

    class Meta:
        ordering = ["slug"]
        verbose_name = verbose_name_plural = "日报设置"

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store, and have the categories followed that some active digest wants."""
        super().save(*args, **kwargs)
        Digest.follow_categories()

    def get_absolute_url(self) -> str:
        return reverse("posts-digest", args=[self.slug])

    @classmethod
    def follow_categories(cls) -> None:
        """The worker lists what is followed; papers knows nothing of digests."""
        active = cls.objects.filter(active=True)
        Category.follow({code for digest in active for code in digest.categories})

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class DailyPostQuerySet(models.QuerySet["DailyPost"]):
    def published(self) -> Self:
        """Posts the public may see; see EntryQuerySet.public for what in them it may see."""
        return self.filter(status=DailyPost.Status.PUBLISHED)


class DailyPost(models.Model):
    """What arXiv announced on `date` for a digest; membership is by announcement, not by window."""

    class Status(models.TextChoices):
        DRAFT = "draft", "草稿"
        PUBLISHED = "published", "已发布"
        WITHDRAWN = "withdrawn", "已撤下"

    digest = models.ForeignKey(Digest, models.PROTECT, related_name="posts", verbose_name="日报")
    date = models.DateField("日期")
    window_start = models.DateTimeField("窗口起点")
    window_end = models.DateTimeField("窗口终点")
    fetched = models.PositiveIntegerField("公布篇数", default=0)
    status = models.CharField(
        "状态", max_length=10, choices=Status, default=Status.DRAFT, editable=False, db_index=True
    )
    published_at = models.DateTimeField("首次发布", null=True, editable=False)
    changed_at = models.DateTimeField("公开内容更新", null=True, editable=False)
    layout = models.JSONField("旧站版式", null=True, editable=False)  # see posts/old_site/layout.py
    tags = TaggableManager("标签", blank=True)

    objects = DailyPostQuerySet.as_manager()

    class Meta:
        ordering = ["-date", "digest"]
        constraints = [models.UniqueConstraint(fields=["digest", "date"], name="one_post_a_day")]
        indexes = [models.Index(fields=["status", "-date"])]
        permissions = [("publish_dailypost", "可以发布、撤下日报")]
        verbose_name = verbose_name_plural = "每日日报"

    def __str__(self) -> str:
        return f"{self.digest} {self.date}"

    def get_absolute_url(self) -> str:
        return addresses.day(self.digest.slug, self.date)

    # verb -> (states it may start from, state it ends in)
    MOVES = {
        "publish": ((Status.DRAFT, Status.WITHDRAWN, Status.PUBLISHED), Status.PUBLISHED),
        "import": ((Status.DRAFT,), Status.PUBLISHED),
        "withdraw": ((Status.PUBLISHED,), Status.WITHDRAWN),
    }

    def publish(self, by: Any = None, note: str = "") -> None:
        """Show this post; a policy publishes with `by` empty. Publishing again shows what is new."""
        if by is None and self.digest.policy != Digest.Policy.MACHINE:
            raise PermissionDenied
        now = clock.now()
        with transaction.atomic():
            if self.digest.policy == Digest.Policy.MACHINE:
                self._show_machine_texts()
            self._move("publish", by, note, published_at=self.published_at or now, changed_at=now)
            Generation.bump()

    def import_published(self, at: dt.datetime) -> None:
        """A post that the old site published at `at`: it has been public since, whatever the policy."""
        with transaction.atomic():
            self._move("import", None, "旧站", published_at=at, changed_at=at)
            Generation.bump()

    def withdraw(self, by: Any, note: str) -> None:
        """Take the whole post off the public site; only people do this."""
        with transaction.atomic():
            self._move("withdraw", by, note, changed_at=clock.now())
            Generation.bump()

    def _show_machine_texts(self) -> None:
        for entry in self.entries.machine_may_show().select_related("paper__summary"):
            entry.paper.summary.publish_machine_text()

    def _move(self, verb: str, by: Any, note: str, **also: Any) -> None:
        start, end = self.MOVES[verb]
        if by is not None and not by.has_perm("posts.publish_dailypost"):
            raise PermissionDenied
        if self.status not in start:
            raise WrongState(f"“{self.get_status_display()}”的日报不能这样做")
        if DailyPost.objects.filter(pk=self.pk, status=self.status).update(status=end, **also) != 1:
            raise WrongState("别人刚刚改了这份日报，请刷新后再看")
        ReviewEvent.record(self, verb, self.status, end, by, note)
        self.refresh_from_db()


class EntryQuerySet(models.QuerySet["Entry"]):
    def public(self) -> Self:
        """THE definition of public: published post, not held back, and a public Chinese text."""
        return self.filter(
            post__status=DailyPost.Status.PUBLISHED, held="", paper__summary__public__isnull=False
        )

    def machine_may_show(self) -> Self:
        """Whose newest text the policy `machine` may show and does not show yet.

        It is the machine's own, nothing in it blocks, and no person has approved another one. A reading
        that came after the translation was shown is such a text.
        """
        summary = "paper__summary__"
        newest = {f"{summary}current__isnull": False, f"{summary}current__author": None}
        undecided = {f"{summary}status": Summary.Status.NEEDS_REVIEW, f"{summary}reviewed_at": None}
        shown = models.Q(**{f"{summary}public": models.F(f"{summary}current")})
        fresh = models.Q(**{f"{summary}public": None}) | ~shown
        return self.filter(fresh, held="", **newest, **undecided).exclude(**{f"{summary}worst": "block"})

    def with_texts(self) -> Self:
        """With all that a page shows of a paper, in a constant number of queries; its post is not among it."""
        person = "paper__summary__reviewed_by"
        return self.select_related("paper__summary__public", person).defer(
            *(f"{person}__{name}" for name in ("password", "email", "last_login", "date_joined"))
        )

    def in_categories(self, codes: Iterable[str]) -> Self:
        return self.filter(paper__in=Paper.objects.in_category(codes))


class Entry(models.Model):
    """A paper in a post. A rule that holds it back is named in `held`; it stays stored and counted."""

    class Section(models.TextChoices):
        NEW = "new", "新提交"
        CROSS = "cross", "交叉列表"
        LATE = "late", "补录"

    post = models.ForeignKey(DailyPost, models.CASCADE, related_name="entries", verbose_name="日报")
    digest = models.ForeignKey(Digest, models.PROTECT, related_name="+", editable=False)
    paper = models.ForeignKey(Paper, models.PROTECT, related_name="entries", verbose_name="论文")
    section = models.CharField("栏目", max_length=8, choices=Section, default=Section.NEW)
    position = models.PositiveIntegerField("次序", default=0)
    held = models.CharField("未列出的原因", max_length=100, blank=True)
    layout = models.JSONField("旧站版式", null=True, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["post", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["digest", "paper"], name="new_once_a_digest")]
        indexes = [models.Index(fields=["paper"])]
        verbose_name = verbose_name_plural = "条目"

    def __str__(self) -> str:
        return f"{self.post_id} {self.paper_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.digest_id = self.post.digest_id
        super().save(*args, **kwargs)


class Report(models.Model):
    """A reader's "this is wrong", about one sentence of one paper."""

    paper = models.ForeignKey(Paper, models.CASCADE, related_name="reports", verbose_name="论文")
    sentence = models.TextField("哪一句", blank=True)
    message = models.TextField("说明")
    contact = models.CharField("联系方式", max_length=200, blank=True)
    made_at = models.DateTimeField("时间", default=clock.now)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="处理人",
    )
    settled_at = models.DateTimeField("处理时间", null=True, blank=True)

    class Meta:
        ordering = ["-made_at"]
        verbose_name = verbose_name_plural = "读者报错"

    def __str__(self) -> str:
        return self.message[:60]


class Subscriber(models.Model):
    """An e-mail address that asked for a digest; nothing is sent before it is confirmed."""

    digest = models.ForeignKey(Digest, models.CASCADE, related_name="subscribers", verbose_name="日报")
    email = models.EmailField("邮箱")
    token = models.CharField(max_length=64, unique=True, editable=False)
    asked_at = models.DateTimeField("申请时间", default=clock.now)
    confirmed_at = models.DateTimeField("确认时间", null=True, blank=True)
    left_at = models.DateTimeField("退订时间", null=True, blank=True)
    refusals = models.PositiveSmallIntegerField("连续退信", default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "email"], name="one_subscription")]
        verbose_name = verbose_name_plural = "邮件订阅"

    def __str__(self) -> str:
        return self.email

    @property
    def is_active(self) -> bool:
        """Confirmed, and still there."""
        return self.confirmed_at is not None and self.left_at is None


class Rendered(models.Model):
    """The HTML of one revision and of the English beside it: made once, read on every page.

    `key` names the texts and the renderer it was made of; posts/rendered.py makes it anew when they
    are others.
    """

    revision = models.OneToOneField(
        "papers.Revision", models.CASCADE, primary_key=True, related_name="rendered", verbose_name="修订"
    )
    key = models.CharField(max_length=64)
    title = models.TextField(blank=True)
    abstract = models.TextField(blank=True)
    reading = models.TextField(blank=True)
    english_title = models.TextField(blank=True)
    english_abstract = models.TextField(blank=True)
    pairs = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        verbose_name = verbose_name_plural = "排好的文字"

    def __str__(self) -> str:
        return str(self.revision_id)


class SearchText(models.Model):
    """A public paper as search sees it; posts/search_index.py keeps it. The key rises with arXiv's order."""

    id = models.BigIntegerField(primary_key=True)
    paper = models.OneToOneField(Paper, models.CASCADE, related_name="+", verbose_name="论文")
    revision = models.ForeignKey("papers.Revision", models.CASCADE, related_name="+", verbose_name="修订")
    seen_at = models.DateTimeField("所见的公开时间", db_index=True)
    facets = models.JSONField("分面")
    tokens = models.TextField("词")

    class Meta:
        default_permissions = ()
        verbose_name = verbose_name_plural = "检索文字"

    def __str__(self) -> str:
        return str(self.paper_id)


class SearchState(models.Model):
    """The content generation that the search index has caught up with, and the one for which all was compared.

    `looked_at` is when that was; what changed since is all that the next search has to look at.
    """

    generation = models.PositiveBigIntegerField(default=0)
    whole = models.PositiveBigIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = verbose_name_plural = "检索进度"

    def __str__(self) -> str:
        return str(self.generation)
