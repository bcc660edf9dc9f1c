"""What the page views share: reading dates and page numbers out of addresses, and pages of papers."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

PAGE_SIZE = 20
# A page of more papers leaves the readings to the papers' own pages, for half of its weight is theirs.
READINGS_AT_MOST = 30
# Older papers are reached through the archive, the search and each paper's own address.
LAST_PAGE = 50


def date_or_404(year: str, month: str, day: str) -> dt.date:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        raise Http404("没有这一天") from None


def range_start(text: str) -> dt.date | None:
    """The date in ?since=, None for anything that is not one."""
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


@dataclass
class Slice:
    """One page of a long list; nothing counts the whole list."""

    items: list[Any]
    number: int
    has_next: bool

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.has_next else None


def page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LAST_PAGE):
        raise Http404("没有这一页")
    return int(text)


def slice_of(rows: QuerySet[Any], number: int, size: int = PAGE_SIZE) -> Slice:
    """The given page of `rows`; a page past the end is not found, except the first."""
    found = list(rows[(number - 1) * size : number * size + 1])
    if not found and number > 1:
        raise Http404("没有这一页")
    return Slice(found[:size], number, len(found) > size and number < LAST_PAGE)
