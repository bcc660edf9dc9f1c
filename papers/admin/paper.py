"""Papers: metadata as arXiv gives it, to look at; topic tags, to edit; everything that was done for one paper."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers.models import Announcement, Category, Job, LLMCall, Paper, Summary

from .html import table
from .readonly import ReadOnlyInline


class CategoryFilter(admin.SimpleListFilter):
    """The followed categories, cross-lists included; any other one can be asked for in the address."""

    title = "分类"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(category.code, str(category)) for category in Category.objects.filter(followed=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Paper]) -> QuerySet[Paper]:
        return queryset.filter(in_categories__code=self.value()) if self.value() else queryset


class CallInline(ReadOnlyInline):
    model = LLMCall
    fields = [
        "opened_at",
        "purpose",
        "model",
        "state",
        "error_class",
        "prompt_tokens",
        "completion_tokens",
        "price",
    ]
    ordering = ["-opened_at"]
    verbose_name_plural = "模型调用"


@admin.register(Paper)
class PaperAdmin(admin.ModelAdmin):
    list_display = [
        "arxiv_id",
        "short_title",
        "primary_category",
        "version",
        "submitted",
        "state",
        "withdrawn",
    ]
    list_filter = ["summary__status", CategoryFilter, "withdrawn", "submitted"]
    search_fields = ["=arxiv_id", "title", "authors", "comment"]
    search_help_text = "编号、英文标题、作者、备注"
    list_select_related = ["summary"]
    list_per_page = 50
    show_full_result_count = False
    ordering = ["-arxiv_id"]
    inlines = [CallInline]
    fieldsets = [
        (None, {"fields": ["links", "title", "abstract", "author_line", "category_line", "tags"]}),
        ("元数据", {"fields": ["version", "submitted", "updated", "comment", "doi", "journal", "licence", "withdrawn", "fetched_at"]}),
        ("来历", {"fields": ["version_table", "announcement_table", "text_table", "job_table"]}),
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A paper is never deleted: what is not wanted is rejected, so that it does not come back."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        named = [name for _, options in self.fieldsets for name in options["fields"]]
        return [name for name in named if name != "tags"]

    def formfield_for_dbfield(self, field: Any, request: HttpRequest, **options: Any) -> forms.Field | None:
        formfield = super().formfield_for_dbfield(field, request, **options)
        if field.name == "tags" and formfield:
            formfield.help_text = "中文主题标签，用逗号分开"
        return formfield

    @admin.display(description="英文标题", ordering="title")
    def short_title(self, paper: Paper) -> SafeString:
        return format_html('<span lang="en">{}</span>', paper.title[:110])

    @admin.display(description="主分类")
    def primary_category(self, paper: Paper) -> str:
        return paper.primary_category

    @admin.display(description="译文", ordering="summary__status")
    def state(self, paper: Paper) -> str:
        summary: Summary | None = getattr(paper, "summary", None)
        return summary.get_status_display() if summary else "—"

    @admin.display(description="链接")
    def links(self, paper: Paper) -> SafeString:
        arxiv = format_html(
            '<a href="{}">arXiv</a> · <a href="{}">PDF</a> · <a href="{}">HTML</a>',
            paper.abs_url,
            paper.pdf_url,
            paper.html_url,
        )
        summary = getattr(paper, "summary", None)
        if summary is None:
            return arxiv
        desk = reverse("admin:papers_summary_change", args=[summary.pk])
        return format_html('<a href="{}">审校台（{}）</a> · {}', desk, summary.get_status_display(), arxiv)

    @admin.display(description="作者")
    def author_line(self, paper: Paper) -> str:
        return "、".join(map(str, paper.authors))

    @admin.display(description="分类")
    def category_line(self, paper: Paper) -> str:
        return " ".join(paper.categories)

    @admin.display(description="版本")
    def version_table(self, paper: Paper) -> SafeString:
        rows = [
            [f"v{row.get('version', '')}", row.get("submitted") or row.get("date"), row.get("licence")]
            for row in paper.versions
            if isinstance(row, dict)
        ]
        return table(["版本", "提交", "许可"], rows or [[f"v{paper.version}", paper.updated, paper.licence]])

    @admin.display(description="公布")
    def announcement_table(self, paper: Paper) -> SafeString:
        rows = Announcement.objects.filter(arxiv_id=paper.arxiv_id)
        cells = [[row.date, row.category, row.get_kind_display(), " ".join(row.sources)] for row in rows]
        return table(["日期", "分类", "类型", "来源"], cells)

    @admin.display(description="全文")
    def text_table(self, paper: Paper) -> SafeString:
        texts = paper.full_texts.all()
        rows = [
            [f"v{t.version}", t.get_source_display(), t.engine, len(t.text), _joined(t.cut), _joined(t.notes)]
            for t in texts
        ]
        return table(["版本", "取自", "提取器", "字符", "删去", "说明"], rows)

    @admin.display(description="作业")
    def job_table(self, paper: Paper) -> SafeString:
        rows = [
            [job.get_kind_display(), job.get_state_display(), job.attempts, job.next_try_at, job.reason]
            for job in Job.objects.filter(subject=paper.arxiv_id).order_by("pk")
        ]
        return table(["工作", "状态", "尝试", "下次", "原因"], rows)


def _joined(parts: list[Any]) -> str:
    return "；".join(map(str, parts))
