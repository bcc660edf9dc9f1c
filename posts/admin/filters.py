"""The queue's filters as the stock admin shows them. What they mean is said once, in queue.Queue."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from papers.models import Category, Summary
from posts.models import DailyPost, Digest

from . import queue
from .problems import CHECKS
from .verbs import person_name

RECENT_DAYS = 12


class QueueFilter(admin.SimpleListFilter):
    """A column of choices; the value chosen is read by queue.Queue."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Summary]) -> QuerySet[Summary]:
        return queryset

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return self.values()

    def values(self) -> Iterable[tuple[str, str]]:
        raise NotImplementedError

    def choices(self, changelist: Any) -> Any:
        """The first choice is the queue as it comes, not "all"."""
        first, *others = super().choices(changelist)
        yield first | {"display": self.unset}
        yield from others

    unset = "不限"

    @property
    def is_folded(self) -> bool:
        """Long lists that are seldom needed open when something of them is chosen."""
        return self.is_long and self.value() is None

    is_long = False


class StateFilter(QueueFilter):
    title = "状态"
    parameter_name = "state"
    unset = queue.STATES[""]

    def values(self) -> Iterable[tuple[str, str]]:
        return [item for item in queue.STATES.items() if item[0]]


class DayFilter(QueueFilter):
    title = "日期"
    parameter_name = "day"

    def values(self) -> Iterable[tuple[str, str]]:
        days = DailyPost.objects.order_by("-date").values_list("date", flat=True).distinct()[:RECENT_DAYS]
        chosen = [] if self.value() is None else [str(self.value())]
        recent = [f"{day:%Y-%m-%d}" for day in days]
        return [(day, _with_weekday(day)) for day in [*recent, *(one for one in chosen if one not in recent)]]


def _with_weekday(day: str) -> str:
    try:
        return f"{day} 周{'一二三四五六日'[dt.date.fromisoformat(day).weekday()]}"
    except ValueError:
        return day


class DigestFilter(QueueFilter):
    title = "日报"
    parameter_name = "digest"

    def values(self) -> Iterable[tuple[str, str]]:
        return Digest.objects.values_list("slug", "title")


class CategoryFilter(QueueFilter):
    title = "分类"
    parameter_name = "category"

    def values(self) -> Iterable[tuple[str, str]]:
        return [(row.code, str(row)) for row in Category.objects.filter(followed=True)]


class FindingFilter(QueueFilter):
    title = "检查结果"
    parameter_name = "finding"

    def values(self) -> Iterable[tuple[str, str]]:
        return queue.LEVELS.items()


class CheckFilter(QueueFilter):
    title = "检查项"
    is_long = True
    parameter_name = "check"

    def values(self) -> Iterable[tuple[str, str]]:
        return CHECKS.items()


class EditorFilter(QueueFilter):
    title = "编辑"
    is_long = True
    parameter_name = "editor"

    def values(self) -> Iterable[tuple[str, str]]:
        staff = get_user_model().objects.filter(is_staff=True, is_active=True).order_by("username")
        return [("machine", "只有机器译文"), *((str(user.pk), person_name(user)) for user in staff[:50])]


FILTERS = [StateFilter, DayFilter, DigestFilter, CategoryFilter, FindingFilter, CheckFilter, EditorFilter]
