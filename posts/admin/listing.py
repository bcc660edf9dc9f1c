"""The queue as a list in the stock admin: what waits, in which order, who has it open, and bulk approval of clean texts."""

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from papers import pipeline
from papers.admin.html import joined
from papers.models import Finding, Sitting, Summary, WrongState
from posts.models import Entry, Report

from . import line, progress, queue
from .filters import FILTERS
from .place import desk_url
from .problems import NAMES
from .verbs import person_name

MOST_AT_ONCE = 500


class QueueAdmin(admin.ModelAdmin):
    list_display = ["grave", "title_line", "state_line", "day", "editor"]
    list_display_links = None
    list_filter = FILTERS
    list_per_page = 30
    list_max_show_all = 0
    show_full_result_count = False
    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["paper__arxiv_id"]
    search_help_text = "编号，或中英文标题、摘要、解读里的词"
    actions = ["approve_clean", "recheck"]
    change_list_template = "admin/desk/queue.html"

    class Media:
        css = {"all": ["posts/desk.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A text is rejected, not deleted: what was thrown away must not come back tomorrow."""
        return False

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("papers.approve_summary")

    # What is listed

    def get_queryset(self, request: HttpRequest) -> QuerySet[Summary]:
        return self._queue(request).texts

    def get_paginator(self, request: HttpRequest, *args: Any, **options: Any) -> line.Pages:
        return line.Pages(line.Line(self._queue(request)), self.list_per_page)

    def _queue(self, request: HttpRequest) -> queue.Queue:
        """Asked for once a request."""
        if not hasattr(request, "queue"):
            request.queue = queue.Queue(request.GET.dict())
        return request.queue

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Summary], search_term: str
    ) -> tuple[QuerySet[Summary], bool]:
        """The words are among the parameters that queue.Queue has read already."""
        return queryset, False

    def get_changelist(self, request: HttpRequest, **options: Any) -> type:
        return QueueList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        decorate(changelist.result_list, request.user, changelist.filters)
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        extra = {
            "title": "审校队列",
            "today": progress.with_progress(progress.newest_posts()),
            "may_publish": request.user.has_perm("posts.publish_dailypost"),
        }
        return super().changelist_view(request, extra | (extra_context or {}))

    # Columns

    @admin.display(description=SafeString('<input type="checkbox" id="action-toggle" aria-label="全选">'))
    def action_checkbox(self, summary: Summary) -> SafeString:
        """As the stock one; that one renders a template a row, which is a fifth of the page's time."""
        return format_html(
            '<input type="checkbox" name="_selected_action" value="{}" class="action-select" aria-label="选择 {}">',
            summary.pk,
            summary.paper.arxiv_id,
        )

    @admin.display(description="检查")
    def grave(self, summary: Summary) -> SafeString:
        if summary.current_id is None:
            return SafeString("—")
        name = NAMES.get(summary.worst, "干净")
        return format_html('<span class="level level-{}">{}</span>', summary.worst or "clean", name)

    @admin.display(description="论文")
    def title_line(self, summary: Summary) -> SafeString:
        return format_html(
            '<a href="{}"><b>{}</b></a><br><span class="quiet">{} <span lang="en">{}</span></span>{}'
            '<input type="hidden" name="seen-{}" value="{}">',
            summary.url,
            summary.title or "（还没有译文）",
            summary.paper.arxiv_id,
            summary.paper.title[:120],
            _notes(summary),
            summary.pk,
            summary.current_id or "",
        )

    @admin.display(description="状态")
    def state_line(self, summary: Summary) -> str:
        return summary.get_status_display()

    @admin.display(description="日期和分类")
    def day(self, summary: Summary) -> SafeString:
        day = f"{summary.listed_on:%m-%d}" if summary.listed_on else "—"
        return format_html('{} <span class="quiet">{}</span>', day, summary.paper.primary_category)

    @admin.display(description="编辑")
    def editor(self, summary: Summary) -> str:
        return person_name(summary.current.author) if summary.current else "—"

    # Actions

    @admin.action(description="通过所选的干净译文", permissions=["approve"])
    def approve_clean(self, request: HttpRequest, queryset: QuerySet[Summary]) -> None:
        """Each by its own verb and as it was seen; whatever is not clean stays in the queue, with the reason."""
        result = Counter(self._approve_one(request, summary) for summary in self._chosen(request, queryset))
        if number := result.pop("", 0):
            self.message_user(request, f"已通过 {number} 篇", messages.SUCCESS)
        if result:
            why = "，".join(f"{reason} {number}" for reason, number in result.items())
            self.message_user(request, f"{sum(result.values())} 篇没有通过：{why}", messages.WARNING)

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Summary]) -> list[Summary]:
        ids = list(queryset.values_list("pk", flat=True)[:MOST_AT_ONCE])
        rows = list(Summary.objects.filter(pk__in=ids).select_related("paper", "current", "public"))
        decorate(rows, request.user)
        return rows

    def _approve_one(self, request: HttpRequest, summary: Summary) -> str:
        """Empty when it was approved, else why not."""
        if reason := why_not_clean(summary):
            return reason
        seen = request.POST.get(f"seen-{summary.pk}")
        if seen != str(summary.current_id):
            return "不在您看到的这一页上" if seen is None else "列出之后有了新文字"
        try:
            summary.approve(request.user, summary.current)
        except WrongState:
            return "别人刚刚处理了"
        return ""

    @admin.action(description="按现在的术语表重新检查", permissions=["approve"])
    def recheck(self, request: HttpRequest, queryset: QuerySet[Summary]) -> None:
        rows = self._chosen(request, queryset)
        for summary in rows:
            pipeline.recheck(summary)
        self.message_user(request, f"已重新检查 {len(rows)} 篇", messages.SUCCESS)


def _notes(summary: Summary) -> SafeString:
    """What an editor should know before opening it."""
    said = [format_html("<span>{} 处检查结果</span>", summary.findings_open)] if summary.findings_open else []
    if summary.reports_open:
        number = len(summary.reports_open)
        said.append(format_html('<span class="level level-block">{} 条读者报错</span>', number))
    said += [
        format_html("<span>“{}”</span>", Truncator(one).chars(60)) for one in summary.reports_open if one
    ]
    if summary.public_id and summary.public_id != summary.current_id:
        said.append(SafeString("<span>旧文公开中</span>"))
    if summary.present:
        said.append(format_html('<span class="present">{} 正开着</span>', "、".join(summary.present)))
    return format_html('<div class="line-notes">{}</div>', joined(said)) if said else SafeString("")


def why_not_clean(summary: Summary) -> str:
    """Why a text may not be approved unread; empty when it may."""
    if summary.status != Summary.Status.NEEDS_REVIEW:
        return "不在待审状态"
    if summary.worst not in queue.CLEAN:
        return "有检查结果"
    if summary.reports_open:
        return "有读者报错"
    return "有人正开着" if summary.present else ""


class QueueList(ChangeList):
    """The stock list, its pages as line.py puts them in order."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Summary]) -> list[str]:
        return []

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.filters = self.get_query_string(remove=["p", "e"])[1:]
        self.without_words = self.get_query_string(remove=["q", "p"])
        if not self.multi_page:
            self.result_list = self.paginator.page(1).object_list

    def url_for_result(self, result: Summary) -> str:
        return result.url


def decorate(rows: list[Summary], user: Any, filters: str = "") -> None:
    """What a line says beyond its row, for all lines in four queries."""
    ids, papers = [row.pk for row in rows], [row.paper_id for row in rows]
    current = [row.current_id for row in rows]
    findings = _counted(Finding.objects.filter(revision__in=current, dismissed_at=None), "summary")
    reports: dict[int, list[str]] = {}
    complaints = Report.objects.filter(paper__in=papers, settled_at=None)
    for paper, sentence in complaints.values_list("paper", "sentence"):
        reports.setdefault(paper, []).append(sentence)
    days = dict(
        Entry.objects.filter(paper__in=papers).order_by().values_list("paper").annotate(Max("post__date"))
    )
    present: dict[int, list[str]] = {}
    for sitting in Sitting.objects.present().filter(summary__in=ids).exclude(user=user):
        present.setdefault(sitting.summary_id, []).append(person_name(sitting.user))
    for row in rows:
        row.url = desk_url(row.pk, filters)
        row.findings_open = findings.get(row.pk, 0)
        row.reports_open = reports.get(row.paper_id, [])
        row.listed_on = days.get(row.paper_id)
        row.present = present.get(row.pk, [])


def _counted(rows: QuerySet[Any], field: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(field).annotate(Count("pk")))
