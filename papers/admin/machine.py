"""The machine's own tables, to look at: its jobs, with "try again", and what it paid for."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers import costs, jobs
from papers.models import Job, LLMCall

from .readonly import NamedFilter, ReadOnlyAdmin


def _short(at: dt.datetime | None) -> str:
    return f"{timezone.localtime(at):%m-%d %H:%M}" if at else ""


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["kind", "subject", "state", "attempts", "strikes", "next_try", "error_class", "reason", "changed"]  # fmt: skip
    list_filter = ["kind", "state", ("error_class", NamedFilter)]
    search_fields = ["=subject", "error_class", "reason"]
    actions = ["retry"]

    @admin.display(description="下次尝试", ordering="next_try_at")
    def next_try(self, job: Job) -> str:
        return _short(job.next_try_at)

    @admin.display(description="变更", ordering="changed_at")
    def changed(self, job: Job) -> str:
        return _short(job.changed_at)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("papers.approve_summary")

    @admin.action(description="重新尝试所选作业", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Start finished, given-up and waiting jobs over; what is queued or running is left alone."""
        number = jobs.start_over(queryset)
        self.message_user(request, f"已重新排入 {number} 项作业", messages.SUCCESS)


@admin.register(LLMCall)
class LLMCallAdmin(ReadOnlyAdmin):
    list_display = ["opened_at", "paper_id_shown", "purpose", "model", "state", "error_class", "prompt_tokens", "completion_tokens", "price", "seconds"]  # fmt: skip
    list_filter = ["state", "purpose", "model", ("error_class", NamedFilter)]
    search_fields = ["=paper__arxiv_id", "=key"]
    date_hierarchy = "opened_at"
    list_select_related = ["paper"]
    change_list_template = "admin/papers/llmcall/change_list.html"
    exclude = ["reply"]
    readonly_fields = ["raw_reply"]

    @admin.display(description="论文")
    def paper_id_shown(self, call: LLMCall) -> str:
        return call.paper.arxiv_id if call.paper else ""

    @admin.display(description="原始回复")
    def raw_reply(self, call: LLMCall) -> SafeString:
        return format_html('<pre class="raw-reply">{}</pre>', call.reply)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.costs_view)
        return [path("costs/", view, name="papers_llmcall_costs"), *super().get_urls()]

    def costs_view(self, request: HttpRequest) -> HttpResponse:
        """What the model cost, by day, by model and by paper."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "费用",
            "opts": self.opts,
            "tables": costs.tables(),
        }
        return TemplateResponse(request, "admin/papers/llmcall/costs.html", context)
