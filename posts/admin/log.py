"""The log of who moved what: to look at, for everybody, superusers included."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from papers.admin.readonly import ReadOnlyAdmin
from papers.models import ReviewEvent

from .verbs import verb_name


@admin.register(ReviewEvent)
class ReviewEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "by", "what", "subject_type", "subject_id", "old", "new", "note"]
    list_filter = ["verb", "subject_type"]
    search_fields = ["note", "=subject_id"]
    list_select_related = ["by", "subject_type"]
    date_hierarchy = "at"
    actions = None

    @admin.display(description="动作", ordering="verb")
    def what(self, event: ReviewEvent) -> str:
        return verb_name(event.verb)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}
