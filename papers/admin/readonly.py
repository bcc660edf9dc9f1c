"""What the admin may only look at: records of what arXiv said, of what machines did, of who moved what."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list to look at. Nobody adds, changes or deletes here, superusers included."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NamedFilter(admin.AllValuesFieldListFilter):
    """The values that occur, under the names that their field gives them; the empty one has no name to click."""

    names: dict[str, str] = {}

    def __init__(self, field: Any, *others: Any, **options: Any) -> None:
        super().__init__(field, *others, **options)
        self.known = self.names or dict(field.flatchoices)

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            if choice["display"] == "":
                continue
            yield choice | {"display": self.known.get(choice["display"], choice["display"])}


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
