"""Daily posts: how far each is, its entries in order, its tags, and 发布 and 撤下 with a page that says what they do."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers.admin.html import table
from papers.models import ReviewEvent, WrongState
from posts.models import DailyPost, Entry

from . import calendar, progress, publishing
from .verbs import timeline


@admin.register(DailyPost)
class DailyPostAdmin(admin.ModelAdmin):
    list_display = ["date", "digest", "status", "fetched", "how_far", "review_link", "preview_link"]
    list_filter = ["status", "digest"]
    date_hierarchy = "date"
    list_select_related = ["digest"]
    search_fields = ["=date", "digest__title", "tags__name"]
    ordering = ["-date", "digest__slug"]
    list_per_page = 60
    show_full_result_count = False
    change_form_template = "admin/posts/dailypost/change_form.html"
    change_list_template = "admin/posts/dailypost/change_list.html"
    fieldsets = [
        (None, {"fields": ["digest", "date", "state_line", "how_far", "window", "fetched", "tags"]}),
        ("条目", {"fields": ["entry_table"]}),
        ("记录", {"fields": ["log"]}),
    ]
    readonly_fields = ["digest", "date", "state_line", "how_far", "window", "fetched", "entry_table", "log"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A post is withdrawn, not deleted."""
        return False

    def formfield_for_dbfield(self, field: Any, request: HttpRequest, **options: Any) -> forms.Field | None:
        formfield = super().formfield_for_dbfield(field, request, **options)
        if field.name == "tags" and formfield:
            formfield.help_text = "用逗号分开"
        return formfield

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """One look at the numbers of all the posts of the page, instead of one a row."""
        changelist = super().get_changelist_instance(request)
        numbers = progress.of(changelist.result_list)
        for post in changelist.result_list:
            post.progress = numbers.get(post.pk, progress.Progress())
        return changelist

    @admin.display(description="进度")
    def how_far(self, post: DailyPost) -> str:
        if not hasattr(post, "progress"):
            post.progress = progress.of([post]).get(post.pk, progress.Progress())
        return str(post.progress)

    @admin.display(description="审校")
    def review_link(self, post: DailyPost) -> SafeString:
        return format_html('<a href="{}">{} 篇待审</a>', queue_of(post), post.progress.to_review)

    @admin.display(description="预览")
    def preview_link(self, post: DailyPost) -> SafeString:
        return format_html('<a href="{}?preview=1">预览</a>', post.get_absolute_url())

    @admin.display(description="状态")
    def state_line(self, post: DailyPost) -> str:
        return post.get_status_display()

    @admin.display(description="窗口")
    def window(self, post: DailyPost) -> str:
        zone = post.digest.tzinfo
        start, end = post.window_start.astimezone(zone), post.window_end.astimezone(zone)
        return f"{start:%Y-%m-%d %H:%M} 至 {end:%Y-%m-%d %H:%M}（{post.digest.zone}）"

    @admin.display(description="按次序")
    def entry_table(self, post: DailyPost) -> SafeString:
        entries = post.entries.select_related("paper__summary__current").order_by("position", "id")
        rows = [[e.position, e.get_section_display(), _paper_link(e), _state(e), e.held] for e in entries]
        return table(["次序", "栏目", "论文", "译文", "未列出的原因"], rows)

    @admin.display(description="何人何时为何")
    def log(self, post: DailyPost) -> SafeString:
        rows = [[move.at, move.who, move.verb, move.note] for move in timeline(ReviewEvent.of(post))]
        return table(["何时", "何人", "动作", "说明"], rows)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("calendar/", view(calendar.month_view), name="posts_calendar"),
            path("calendar/<slug:slug>/<str:day>/", view(calendar.day_view), name="posts_calendar_day"),
            path("<int:pk>/publish/", view(self.publish_view), name="posts_dailypost_publish"),
            path("<int:pk>/withdraw/", view(self.withdraw_view), name="posts_dailypost_withdraw"),
            *super().get_urls(),
        ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        post = super().get_object(request, object_id, from_field)
        if post:
            post.may_publish = request.user.has_perm("posts.publish_dailypost")
            post.queue = queue_of(post)
        return post

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET says what will appear; POST does it, if that is still what will happen."""
        post = self._post(request, pk)
        plan = publishing.plan(post)
        problem = ""
        if request.method == "POST":
            problem = self._publish(request, post, plan)
            if not problem:
                return self._to(post)
            post.refresh_from_db()
            plan = publishing.plan(post)
        return self._page(request, "publish", post, plan=plan, problem=problem)

    def _publish(self, request: HttpRequest, post: DailyPost, plan: publishing.Plan) -> str:
        """Publish and say so; or why not."""
        if request.POST.get("seal") != plan.seal:
            return "您查看这一页时，这份日报有了变化。下面是现在的情形，请再看一遍。"
        try:
            post.publish(request.user, request.POST.get("note", ""))
        except WrongState as error:
            return f"没有发布：{error}。"
        self.message_user(request, f"已发布 {post}，共 {len(plan.appearing)} 篇", messages.SUCCESS)
        return ""

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the whole post off the site; a reason is asked for, because the log keeps it."""
        post = self._post(request, pk)
        problem = ""
        if request.method == "POST":
            note = request.POST.get("note", "").strip()
            problem = self._withdraw(request, post, note) if note else "请写明撤下的原因。"
            if not problem:
                return self._to(post)
        return self._page(request, "withdraw", post, problem=problem)

    def _withdraw(self, request: HttpRequest, post: DailyPost, note: str) -> str:
        try:
            post.withdraw(request.user, note)
        except WrongState as error:
            return f"没有撤下：{error}。"
        self.message_user(request, f"已撤下 {post}", messages.SUCCESS)
        return ""

    def _post(self, request: HttpRequest, pk: int) -> DailyPost:
        if not request.user.has_perm("posts.publish_dailypost"):
            raise PermissionDenied
        return get_object_or_404(DailyPost.objects.select_related("digest"), pk=pk)

    def _to(self, post: DailyPost) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:posts_dailypost_change", args=[post.pk]))

    def _page(self, request: HttpRequest, name: str, post: DailyPost, **context: Any) -> HttpResponse:
        whole = {
            **self.admin_site.each_context(request),
            "title": f"{'发布' if name == 'publish' else '撤下'} {post}",
            "opts": self.opts,
            "post": post,
            "progress": progress.of([post]).get(post.pk, progress.Progress()),
            "queue": queue_of(post),
            "events": timeline(ReviewEvent.of(post)),
            **context,
        }
        return TemplateResponse(request, f"admin/posts/dailypost/{name}.html", whole)


def queue_of(post: DailyPost) -> str:
    """The review queue of one post."""
    return f"{reverse('admin:papers_summary_changelist')}?digest={post.digest.slug}&day={post.date:%Y-%m-%d}"


def _paper_link(entry: Entry) -> SafeString:
    summary = getattr(entry.paper, "summary", None)
    if summary is None:
        return format_html("{}", entry.paper)
    desk = reverse("admin:papers_summary_change", args=[summary.pk])
    title = summary.title or entry.paper.title
    return format_html('<a href="{}">{}</a> {}', desk, entry.paper.arxiv_id, title)


def _state(entry: Entry) -> str:
    summary = getattr(entry.paper, "summary", None)
    return summary.get_status_display() if summary else "未译"
