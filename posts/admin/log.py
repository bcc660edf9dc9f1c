"""The log of who moved what: to look at, for everybody, superusers included."""

from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers.admin.readonly import NamedFilter, ReadOnlyAdmin
from papers.models import ReviewEvent, Summary
from posts.models import DailyPost

from .verbs import STATES, VERBS, person_name, verb_name

SUBJECTS = (Summary, DailyPost)


class VerbFilter(NamedFilter):
    names = VERBS


class KindFilter(admin.SimpleListFilter):
    title = "种类"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(model._meta.model_name, str(model._meta.verbose_name)) for model in SUBJECTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReviewEvent]) -> QuerySet[ReviewEvent]:
        return queryset.filter(subject_type__model=self.value()) if self.value() else queryset


@admin.register(ReviewEvent)
class ReviewEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "who", "what", "subject_link", "states", "note"]
    list_filter = [("verb", VerbFilter), KindFilter, ("by", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["note"]
    search_help_text = "论文编号，或说明里的词"
    list_select_related = ["by"]
    date_hierarchy = "at"
    actions = None
    fields = ["at", "who", "what", "subject_link", "states", "note"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewEvent]:
        texts = Summary.objects.select_related("paper", "current").only(
            "paper__arxiv_id", "paper__title", "current__title"
        )
        posts = DailyPost.objects.select_related("digest")
        return super().get_queryset(request).prefetch_related(GenericPrefetch("subject", [texts, posts]))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ReviewEvent], search_term: str
    ) -> tuple[QuerySet[ReviewEvent], bool]:
        texts = Summary.objects.filter(paper__arxiv_id=search_term.strip()).values("pk")
        kind = ContentType.objects.get_for_model(Summary)
        of_paper = Q(subject_type=kind, subject_id__in=texts)
        return queryset.filter(of_paper | Q(note__icontains=search_term)), False

    @admin.display(description="何人", ordering="by")
    def who(self, event: ReviewEvent) -> str:
        return person_name(event.by)

    @admin.display(description="动作", ordering="verb")
    def what(self, event: ReviewEvent) -> str:
        return verb_name(event.verb)

    @admin.display(description="对象")
    def subject_link(self, event: ReviewEvent) -> SafeString:
        subject = event.subject
        if subject is None:
            return format_html("{} {}", event.subject_type, event.subject_id)
        address = f"admin:{subject._meta.app_label}_{subject._meta.model_name}_change"
        try:
            return format_html('<a href="{}">{}</a>', reverse(address, args=[subject.pk]), subject)
        except NoReverseMatch:
            return format_html("{}", subject)

    @admin.display(description="状态")
    def states(self, event: ReviewEvent) -> str:
        old, new = STATES.get(event.old, event.old), STATES.get(event.new, event.new)
        return new if old == new else f"{old} → {new}"
