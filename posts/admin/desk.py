"""The review desk: one text at a time, from the queue's list to the next one, by mouse, by keyboard or without scripts."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from papers.models import Finding, Sitting, StaleEdit, Summary, WrongState
from papers.pipeline.edits import texts_of

from . import answers, conflict, fixes, moves, page, problems, typed
from .listing import QueueAdmin
from .place import Place, desk_url


@admin.register(Summary)
class SummaryAdmin(QueueAdmin):
    """The queue is in QueueAdmin; this is what opens from it."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/look/", view(answers.look), name="papers_summary_look"),
            path("<int:pk>/sit/", view(answers.sit), name="papers_summary_sit"),
            path("<int:pk>/dismiss/", view(answers.dismiss), name="papers_summary_dismiss"),
            path("<int:pk>/restore/", view(answers.restore), name="papers_summary_restore"),
            path("<int:pk>/term/", view(answers.add_term), name="papers_summary_term"),
            path("next/", view(self.next_view), name="papers_summary_next"),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        texts = Summary.objects.select_related("paper", "current__author", "public", "reviewed_by")
        summary = get_object_or_404(texts, pk=object_id if object_id.isdecimal() else 0)
        if request.method == "POST":
            return self._act(request, summary)
        return self._show(request, summary)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponseRedirect:
        """Django's own log knows nothing of the verbs: what happened to a text stands on its desk."""
        return HttpResponseRedirect(f"{reverse('admin:papers_summary_change', args=[object_id])}#timeline")

    # Looking

    def _show(self, request: HttpRequest, summary: Summary) -> HttpResponse:
        """The text as it stands, or the draft that this editor left."""
        sitting = self._sitting(request, summary)
        if sitting is None or sitting.draft is None:
            return self._page(request, summary, sitting, texts_of(summary.current), is_draft=False)
        draft = texts_of(None) | sitting.draft
        if sitting.base_id != summary.current_id:
            return self._conflict(request, summary, typed.Typed(draft, sitting.base))
        return self._page(request, summary, sitting, draft, is_draft=True)

    def _sitting(self, request: HttpRequest, summary: Summary) -> Sitting | None:
        if not request.user.has_perm("papers.change_summary"):
            return None
        return Sitting.open(summary, request.user)

    def _page(
        self,
        request: HttpRequest,
        summary: Summary,
        sitting: Sitting | None,
        text: dict[str, str],
        *,
        is_draft: bool,
        status: int = 200,
        **extra: Any,
    ) -> HttpResponse:
        stuff = page.material(summary)
        saved = not is_draft
        findings = list(Finding.objects.filter(revision=summary.current_id)) if saved else None
        dismissed = extra.pop("dismissed", set())
        silenced = set() if saved else dismissed | problems.dismissed_before(summary)
        filters = request.GET.get("_changelist_filters", "")
        place = Place(request, filters, QueryDict(filters))
        context = {
            **self.admin_site.each_context(request),
            **page.context(stuff, request.user, sitting),
            "title": "审校台",
            "opts": self.opts,
            "view": page.view(stuff, text, findings, silenced),
            "base": summary.current,
            "is_draft": is_draft,
            "dismissed": ",".join(sorted(dismissed)),
            "place": place.words(summary.pk),
            "queue_url": f"{reverse('admin:papers_summary_changelist')}?{filters}",
            **extra,
        }
        return TemplateResponse(request, "admin/desk/desk.html", context, status=status)

    # Acting

    def _act(self, request: HttpRequest, summary: Summary) -> HttpResponse:
        """Do what the pressed button says. What was typed is kept whatever happens."""
        try:
            words = typed.read(request.POST, summary)
        except typed.TooLong as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.get_full_path())
        if small := self._small_act(request, summary, words):
            return small
        move = moves.MOVES.get(request.POST.get("verb", "save"))
        if move is None:
            raise PermissionDenied
        try:
            with transaction.atomic():
                outcome = move(summary, request.user, words)
        except StaleEdit:
            return self._conflict(request, self._fresh(summary), words)
        except WrongState as error:
            return self._refused(request, self._fresh(summary), words, error)
        return self._after(request, summary, words, outcome)

    def _small_act(self, request: HttpRequest, summary: Summary, words: typed.Typed) -> HttpResponse | None:
        """Without scripts: a fix, a dismissal, a new term. The typed words come back as a draft."""
        if not request.user.has_perm("papers.change_summary"):
            return None
        done = fixes.act(request, summary, words)
        if done is None:
            return None
        Sitting.open(summary, request.user).keep(words.base, typed.as_draft(done))
        return HttpResponseRedirect(request.get_full_path())

    def _after(
        self, request: HttpRequest, summary: Summary, words: typed.Typed, outcome: moves.Outcome
    ) -> HttpResponse:
        self._keep(request, summary, words, outcome)
        if outcome.is_problem:
            summary = self._fresh(summary)
            sitting = self._sitting(request, summary)
            text = texts_of(summary.current)
            return self._page(
                request,
                summary,
                sitting,
                text,
                is_draft=False,
                status=409,
                problem=outcome.message,
                despite=True,
            )
        if outcome.message:
            messages.success(request, outcome.message)
        if outcome.decided:
            return self._next(request, summary.pk)
        return HttpResponseRedirect(request.get_full_path())

    def _keep(
        self, request: HttpRequest, summary: Summary, words: typed.Typed, outcome: moves.Outcome
    ) -> None:
        """The draft, when the button did not save it; and the time this text took."""
        if not request.user.has_perm("papers.change_summary"):
            return
        sitting = Sitting.open(summary, request.user)
        sitting.keep(words.base, typed.as_draft(words) if outcome.keep_draft else None)
        if outcome.decided:
            sitting.finish()

    def _fresh(self, summary: Summary) -> Summary:
        texts = Summary.objects.select_related("paper", "current__author", "public", "reviewed_by")
        return texts.get(pk=summary.pk)

    def _refused(
        self, request: HttpRequest, summary: Summary, words: typed.Typed, error: WrongState
    ) -> HttpResponse:
        """Somebody was faster: the page says who did what, and the typed words are still in it."""
        sitting = self._sitting(request, summary)
        if sitting:
            sitting.keep(words.base, typed.as_draft(words))
        if (words.base and words.base.pk) != summary.current_id:
            return self._conflict(request, summary, words, problem=str(error))
        return self._page(
            request,
            summary,
            sitting,
            words.text,
            is_draft=not words.is_unchanged,
            status=409,
            problem=f"没有做成：{error}。",
            tell_last=True,
            dismissed=set(words.dismissed),
        )

    def _conflict(
        self, request: HttpRequest, summary: Summary, words: typed.Typed, problem: str = ""
    ) -> HttpResponse:
        """Both texts side by side, and a merged one to go on with; nothing of either is lost."""
        sitting = self._sitting(request, summary)
        if sitting:
            sitting.keep(words.base, typed.as_draft(words))
        both = conflict.compare(summary, words)
        return self._page(
            request,
            summary,
            sitting,
            both.text,
            is_draft=both.text != texts_of(summary.current),
            status=409 if request.method == "POST" else 200,
            problem=problem and f"没有做成：{problem}。",
            conflict=both,
            tell_last=True,
        )

    # Going on

    def _next(self, request: HttpRequest, pk: int | None) -> HttpResponse:
        """The text after `pk`, which is behind us now; without one, the first."""
        filters = request.GET.get("_changelist_filters", "")
        place = Place(request, filters, QueryDict(filters))
        if pk is None:
            place.start_over()
        else:
            place.pass_by(pk)
        following = place.following()
        if following is None:
            place.start_over()
            messages.info(request, "这个队列里没有下一篇了；跳过的还在列表里。")
            return HttpResponseRedirect(f"{reverse('admin:papers_summary_changelist')}?{filters}")
        return HttpResponseRedirect(desk_url(following, filters))

    def next_view(self, request: HttpRequest) -> HttpResponse:
        """开始审校: the first text of the queue that is not behind this editor yet."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._next(request, None)
