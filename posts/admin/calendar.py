"""The completeness calendar: a month of one digest, each date in the colour of its ledger."""

import datetime as dt
from calendar import Calendar
from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from digest_site import clock
from papers import batches, ledger
from papers.models import Fault, Poll
from posts import ledgers
from posts.models import DailyPost, Digest
from posts.operations import health

from . import progress

# arXiv's first year, and one that nobody will ask for.
FIRST_YEAR, LAST_YEAR = 1991, 2200


@dataclass(frozen=True)
class Cell:
    """One date of the month. `book` is None on dates without a listing, and before anybody asked."""

    date: dt.date
    in_month: bool
    book: ledger.DayLedger | None = None
    post: DailyPost | None = None
    why_empty: str = ""

    @property
    def colour(self) -> str:
        return self.book.colour if self.book else "none"

    @property
    def word(self) -> str:
        """The colour in a word, for those who cannot see it."""
        return ledgers.word_of(self.book.colour, self.book.waiting) if self.book else self.why_empty


def month_view(request: HttpRequest) -> HttpResponse:
    """?digest=speech&month=2026-01; by default the first digest and arXiv's newest date."""
    _may_look(request)
    digests = list(Digest.objects.all())
    digest = next((one for one in digests if one.slug == request.GET.get("digest")), None)
    digest = digest or next(iter(digests), None)
    first = _first_of(request.GET.get("month", ""))
    context = {
        **admin.site.each_context(request),
        "title": "完整性日历",
        "opts": DailyPost._meta,
        "digests": digests,
        "digest": digest,
        "weekdays": "一二三四五六日",
        "first": first,
        "earlier": first - dt.timedelta(days=1),
        "later": first + dt.timedelta(days=32),
        "weeks": _weeks(digest, first) if digest else [],
        "signs": [sign for sign in (health.backlog(), health.arxiv_throttle()) if sign.level == health.NOTE],
    }
    return TemplateResponse(request, "admin/posts/dailypost/calendar.html", context)


def day_view(request: HttpRequest, slug: str, day: str) -> HttpResponse:
    """The ledger of one date: per category, per source, with every answer that was given."""
    _may_look(request)
    digest = get_object_or_404(Digest, slug=slug)
    date = _date(day)
    post = DailyPost.objects.filter(digest=digest, date=date).first()
    book = ledger.of_day(date, digest.categories)
    ours = ledger.first_day(digest.categories) or dt.date.max
    cell = _cell(date, book if _is_public(date) else None, post, date >= ours)
    codes = set(ledger.codes(digest.categories))
    polls = [poll for poll in Poll.objects.filter(date=date) if codes & set(poll.category.split("+"))]
    context = {
        **admin.site.each_context(request),
        "title": f"{digest} {date} 账目",
        "opts": DailyPost._meta,
        "digest": digest,
        "book": book,
        "cell": cell,
        "post": post,
        "progress": progress.of([post]).get(post.pk) if post else None,
        "held": _held(post),
        "dead": {Fault.name_of(fault): number for fault, number in book.dead.items()},
        "sources": [(line, _sources(line)) for line in book.categories],
        "never_had": ledgers.never_had(digest, [date]).get(date, []),
        "polls": polls,
    }
    return TemplateResponse(request, "admin/posts/dailypost/ledger.html", context)


def _sources(line: ledger.CategoryLine) -> str:
    names = dict(Poll.Source.choices)
    return "，".join(f"{names.get(source, source)} {number}" for source, number in line.by_source.items())


def _held(post: DailyPost | None) -> list[tuple[str, int]]:
    """Which rules hold how many entries back."""
    counts: dict[str, int] = {}
    for rule in post.entries.exclude(held="").values_list("held", flat=True) if post else ():
        counts[rule] = counts.get(rule, 0) + 1
    return sorted(counts.items())


def _may_look(request: HttpRequest) -> None:
    if not request.user.has_perm("posts.view_dailypost"):
        raise PermissionDenied


def _first_of(month: str) -> dt.date:
    try:
        first = dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        first = dt.date.min
    return first if FIRST_YEAR <= first.year <= LAST_YEAR else _this_month()


def _this_month() -> dt.date:
    return batches.latest(clock.now()).replace(day=1)


def _date(day: str) -> dt.date:
    try:
        date = dt.date.fromisoformat(day)
    except ValueError as error:
        raise Http404 from error
    if not FIRST_YEAR <= date.year <= LAST_YEAR:
        raise Http404
    return date


def _weeks(digest: Digest, first: dt.date) -> list[list[Cell]]:
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    month = [date for week in weeks for date in week if date.month == first.month]
    posts = {post.date: post for post in digest.posts.filter(date__range=(month[0], month[-1]))}
    books = {book.date: book for book in ledger.of_days(list(filter(_is_public, month)), digest.categories)}
    ours = ledger.first_day(digest.categories) or dt.date.max
    return [
        [
            _cell(date, books.get(date), posts.get(date), date >= ours)
            if date in month
            else Cell(date, False)
            for date in week
        ]
        for week in weeks
    ]


def _is_public(date: dt.date) -> bool:
    """Whether arXiv can have announced it by now, on what we take for a holiday too."""
    return batches.is_weekday(date) and batches.announced_at(date) <= clock.now()


def _cell(date: dt.date, book: ledger.DayLedger | None, post: DailyPost | None, is_ours: bool) -> Cell:
    """`is_ours`: listing had begun by then, so that a date which nobody asked about is one that we lack."""
    expected = batches.is_announcement_day(date)
    if book is None:
        return Cell(date, True, post=post, why_empty="未到" if expected else "不公布")
    if book.silent or not (expected or book.announced):
        return Cell(date, True, post=post, why_empty="没有公布" if book.asked_at else "不公布")
    if book.asked_at is None and post is None and not is_ours:
        return Cell(date, True, why_empty="没有问过")
    return Cell(date, True, book, post)
