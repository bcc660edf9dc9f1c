"""Small pieces of HTML for read-only fields and columns."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def table(headers: list[str], rows: list[list[Any]]) -> SafeString:
    """A small HTML table for a read-only field; every cell is escaped unless it is safe already."""
    if not rows:
        return SafeString("—")
    head = _row("th", headers)
    body = joined(_row("td", row) for row in rows)
    return format_html(
        '<div class="scroll"><table class="small-table"><thead>{}</thead><tbody>{}</tbody></table></div>',
        head,
        body,
    )


def joined(pieces: Iterable[SafeString], between: str = "") -> SafeString:
    """Safe pieces as one safe piece."""
    return format_html_join(SafeString(between), "{}", ((piece,) for piece in pieces))


def _row(tag: str, cells: list[Any]) -> SafeString:
    attribute = SafeString(' scope="col"' if tag == "th" else "")
    inside = joined(
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
