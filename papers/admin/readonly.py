"""What the admin may only look at: records of what arXiv said, of what machines did, of who moved what."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list to look at. Nobody adds, changes or deletes here, superusers included."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def table(headers: list[str], rows: list[list[Any]]) -> SafeString:
    """A small HTML table for a read-only field; every cell is escaped unless it is safe already."""
    if not rows:
        return format_html("—")
    head = _row("th", headers)
    body = SafeString("").join(_row("td", row) for row in rows)
    return format_html('<table class="small-table"><thead>{}</thead><tbody>{}</tbody></table>', head, body)


def _row(tag: str, cells: list[Any]) -> SafeString:
    attribute = SafeString(' scope="col"' if tag == "th" else "")
    inside = SafeString("").join(
        format_html("<{}{}>{}</{}>", SafeString(tag), attribute, _cell(cell), SafeString(tag))
        for cell in cells
    )
    return format_html("<tr>{}</tr>", inside)


def _cell(value: Any) -> Any:
    if value is None or value == "":
        return "—"
    if hasattr(value, "tzinfo"):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    return value
