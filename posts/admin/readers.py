"""What readers send: reports of mistakes, and addresses that asked for a digest by mail."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from digest_site import clock
from posts.models import Report, Subscriber


def settle(reports: QuerySet[Report], by: Any) -> int:
    """Mark open reports as dealt with; the number of those that were open."""
    return reports.filter(settled_at=None).update(settled_by=by, settled_at=clock.now())


class OpenFilter(admin.SimpleListFilter):
    title = "处理"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "未处理"), ("no", "已处理")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        if self.value() == "yes":
            return queryset.filter(settled_at=None)
        return queryset.filter(settled_at__isnull=False) if self.value() == "no" else queryset


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    list_display = ["made_at", "paper_link", "sentence", "message", "contact", "settled_by", "settled_at"]
    list_filter = [OpenFilter]
    search_fields = ["=paper__arxiv_id", "sentence", "message"]
    list_select_related = ["paper__summary", "settled_by"]
    readonly_fields = ["paper_link", "sentence", "message", "contact", "made_at", "settled_by", "settled_at"]
    exclude = ["paper"]
    actions = ["settle_selected"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="论文")
    def paper_link(self, report: Report) -> SafeString:
        summary = getattr(report.paper, "summary", None)
        if summary is None:
            return format_html("{}", report.paper.arxiv_id)
        desk = reverse("admin:papers_summary_change", args=[summary.pk])
        return format_html('<a href="{}">{}</a>', desk, report.paper.arxiv_id)

    @admin.action(description="标为已处理", permissions=["change"])
    def settle_selected(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        number = settle(queryset, request.user)
        self.message_user(request, f"已处理 {number} 条报错", messages.SUCCESS)


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin):
    """People ask and leave by themselves; here they are looked at, and deleted on request."""

    list_display = ["email", "digest", "asked_at", "confirmed_at", "left_at", "refusals"]
    list_filter = ["digest"]
    search_fields = ["email"]
    readonly_fields = ["email", "digest", "asked_at", "confirmed_at", "left_at", "refusals"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
