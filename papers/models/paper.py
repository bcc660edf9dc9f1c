"""A paper: one arXiv e-print with all its versions, and the text that was read."""

import datetime as dt
from collections.abc import Iterable
from typing import Self

from django.db import models
from django.utils.functional import cached_property
from taggit.managers import TaggableManager

ARXIV = "https://arxiv.org"

# What a later answer of arXiv may change. `submitted` is v1's and never moves; a licence belongs to
# a version and comes from other sources than the rest, so it is written by whoever knows it.
UPDATABLE = [
    "version",
    "title",
    "abstract",
    "authors",
    "categories",
    "updated",
    "comment",
    "doi",
    "journal",
    "withdrawn",
    "fetched_at",
]


class PaperQuerySet(models.QuerySet["Paper"]):
    def in_category(self, codes: Iterable[str]) -> Self:
        """Papers that carry one of these canonical category codes, as primary or cross-list."""
        return self.filter(in_categories__code__in=list(codes)).distinct()

    def upsert(self, papers: Iterable["Paper"], *, also: Iterable[str] = (), new: bool = False) -> None:
        """Insert or update by arXiv id, in bulk, and keep the category index in step; `also` more fields.

        `new`: a moment ago none of them was there, so that none can have lost a category.
        """
        papers = list(papers)
        self.bulk_create(
            papers,
            update_conflicts=True,
            unique_fields=["arxiv_id"],
            update_fields=[*UPDATABLE, *also],
            batch_size=200,
        )
        wanted = {(paper.pk, code) for paper in papers for code in paper.categories}
        kept = PaperCategory.objects.none() if new else PaperCategory.objects.filter(paper__in=papers)
        present = {(paper, code): pk for paper, code, pk in kept.values_list("paper_id", "code", "pk")}
        if gone := [pk for key, pk in present.items() if key not in wanted]:
            PaperCategory.objects.filter(pk__in=gone).delete()
        PaperCategory.objects.bulk_create(
            [PaperCategory(paper_id=paper, code=code) for paper, code in sorted(wanted - present.keys())],
            ignore_conflicts=True,
            batch_size=500,
        )


class Paper(models.Model):
    """Metadata as arXiv gives it for the latest version; text cleaned, times aware."""

    arxiv_id = models.CharField("arXiv 编号", max_length=32, unique=True)
    version = models.PositiveSmallIntegerField("最新版本", default=1)
    title = models.TextField("英文标题")
    abstract = models.TextField("英文摘要", blank=True)
    authors = models.JSONField("作者", default=list)
    categories = models.JSONField("分类", default=list, help_text="按 arXiv 的次序，第一个是主分类")
    submitted = models.DateTimeField("提交时间（v1）", null=True, blank=True)
    updated = models.DateTimeField("更新时间", null=True, blank=True)
    comment = models.TextField("备注", blank=True)
    doi = models.CharField("DOI", max_length=500, blank=True)
    journal = models.TextField("期刊", blank=True)
    licence = models.CharField("许可", max_length=200, blank=True)
    withdrawn = models.BooleanField("已撤稿", default=False)
    versions = models.JSONField("版本历史", default=list, blank=True)
    fetched_at = models.DateTimeField("元数据取得时间", null=True, blank=True)
    tags = TaggableManager("主题", blank=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        ordering = ["-arxiv_id"]
        indexes = [models.Index(fields=["fetched_at"])]
        verbose_name = verbose_name_plural = "论文"

    def __str__(self) -> str:
        return f"{self.arxiv_id} {self.title}"

    @property
    def primary_category(self) -> str:
        return self.categories[0] if self.categories else ""

    @cached_property
    def versioned_id(self) -> str:
        return f"{self.arxiv_id}v{self.version}"

    def words_at(self, version: int, at: dt.datetime) -> tuple[str, str]:
        """Title and abstract as they were when a text of `version` was made `at` that time.

        The history keeps the words that later ones replaced, and when; without such a row they are today's.
        """
        kept = [row for row in self.versions if "abstract" in row and row["version"] >= version]
        for row in sorted(kept, key=lambda row: row["version"]):
            is_old = row["version"] < self.version
            replaced = dt.datetime.fromisoformat(row["replaced"]) if "replaced" in row else None
            if is_old if replaced is None else at < replaced or (is_old and at == replaced):
                return row["title"], row["abstract"]
        return self.title, self.abstract

    @property
    def abs_url(self) -> str:
        return f"{ARXIV}/abs/{self.versioned_id}"

    @property
    def pdf_url(self) -> str:
        return f"{ARXIV}/pdf/{self.versioned_id}"

    @property
    def html_url(self) -> str:
        return f"{ARXIV}/html/{self.versioned_id}"


class PaperCategory(models.Model):
    """The index behind category pages: one row a paper and category."""

    paper = models.ForeignKey(Paper, models.CASCADE, related_name="in_categories")
    code = models.CharField("分类", max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "paper"], name="one_row_a_category")]
        verbose_name = verbose_name_plural = "论文分类"

    def __str__(self) -> str:
        return self.code


class FullText(models.Model):
    """The readable text of one version, kept for the reading and never served (DESIGN §4.I)."""

    paper = models.ForeignKey(Paper, models.CASCADE, related_name="full_texts", verbose_name="论文")
    version = models.PositiveSmallIntegerField("版本")
    source = models.CharField("取自", max_length=8, choices=[("html", "HTML"), ("pdf", "PDF")])
    engine = models.CharField("提取器", max_length=12)
    text = models.TextField("正文")
    sections = models.JSONField("章节", default=list, blank=True)
    cut = models.JSONField("删去的部分", default=list, blank=True)
    notes = models.JSONField("说明", default=list, blank=True)
    extracted_at = models.DateTimeField("提取时间")

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["paper", "version"], name="one_text_a_version")]
        verbose_name = verbose_name_plural = "全文"

    def __str__(self) -> str:
        return f"{self.paper_id} v{self.version} {self.source}"
