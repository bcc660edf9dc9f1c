"""The pages of time: home, digest, day, archive."""

import datetime as dt
from calendar import Calendar
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from papers import batches
from papers.models import Summary
from posts import addresses
from posts.cards import Card, of_entries
from posts.models import DailyPost, Digest, Entry
from posts.views.common import READINGS_AT_MOST, date_or_404, range_start

HOME_POSTS = 20
HOME_PAPERS = 150
DIGEST_DAYS = 30
RANGE_DAYS = 31
RANGE_PAPERS = 60
# arXiv's own.
FIRST_YEAR = 1991


@dataclass
class Section:
    """The entries of one kind on a day page."""

    title: str
    slug: str
    cards: list[Card] = field(default_factory=list)


@dataclass
class Day:
    """One day as a page shows it: the papers and the line that says whether they are all."""

    post: DailyPost
    cards: list[Card]
    held: list[dict[str, Any]] = field(default_factory=list)
    waiting: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        for number, card in enumerate(self.cards, start=1):
            card.number = number

    @property
    def headline(self) -> str:
        date = self.post.date
        return f"{self.post.digest.title} {date.year}年{date.month}月{date.day}日"

    @property
    def summary(self) -> str:
        return f"arXiv 公布 {self.post.fetched} 篇，本页 {len(self.cards)} 篇"

    @property
    def sections(self) -> list[Section]:
        found = [Section(kind.label, kind.value) for kind in Entry.Section]
        for section in found:
            section.cards = [card for card in self.cards if card.entry.section == section.slug]
        return [section for section in found if section.cards]

    @property
    def held_count(self) -> int:
        return sum(rule["n"] for rule in self.held)

    @property
    def missing(self) -> int:
        """Announced by arXiv, yet neither shown, nor held back by a rule or an editor, nor waiting here."""
        told = len(self.cards) + self.held_count + self.waiting + self.refused
        return max(0, self.post.fetched - told)

    @property
    def ledger(self) -> dict[str, Any]:
        """The line for readers, as numbers for programs."""
        return {
            "announced": self.post.fetched,
            "shown": len(self.cards),
            "held": {rule["held"]: rule["n"] for rule in self.held},
            "waiting": self.waiting,
            "missing": self.missing,
        }

    @property
    def window(self) -> tuple[dt.datetime, dt.datetime]:
        zone = self.post.digest.tzinfo
        return self.post.window_start.astimezone(zone), self.post.window_end.astimezone(zone)


def public_posts(digest: Digest | None = None) -> QuerySet[DailyPost]:
    """Published posts, newest first, each with the number of entries it shows."""
    posts = DailyPost.objects.published().select_related("digest").order_by("-date", "digest__slug")
    return posts if digest is None else posts.filter(digest=digest)


def with_counts(posts: list[DailyPost]) -> list[DailyPost]:
    """Give each post `shown`, what the public sees of it, by one query for all."""
    counts = dict(
        Entry.objects.public()
        .filter(post__in=[post.pk for post in posts])
        .order_by()
        .values_list("post")
        .annotate(n=Count("id"))
    )
    for post in posts:
        post.shown = counts.get(post.pk, 0)
    return posts


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The newest published day of every digest, and the days before."""
    posts = with_counts(list(public_posts()[:HOME_POSTS]))
    newest = list({post.digest_id: post for post in reversed(posts)}.values())
    days = _days_of(sorted(newest, key=lambda post: post.digest.slug), most=HOME_PAPERS)
    return render(request, "posts/home.html", {"posts": posts, "days": days})


@require_safe
def digest(request: HttpRequest, slug: str) -> HttpResponse:
    """A digest's days; with ?since=2026-01-20 all its papers from that day on, on one page."""
    found = get_object_or_404(Digest, slug=slug)
    if "since" in request.GET:
        return _range(request, found, range_start(request.GET["since"]))
    posts = with_counts(list(public_posts(found)[:DIGEST_DAYS]))
    return render(request, "posts/digest.html", {"digest": found, "posts": posts})


def _range(request: HttpRequest, found: Digest, since: dt.date | None) -> HttpResponse:
    posts = list(public_posts(found).filter(date__gte=since).reverse()[:RANGE_DAYS]) if since else []
    with_counts(posts)
    days = _days_of(posts)
    following = public_posts(found).filter(date__gt=days[-1].post.date).last() if days else None
    shown = sum(len(day.cards) for day in days)
    context = {
        "digest": found,
        "since": since,
        "days": days,
        "shown": shown,
        "lean": shown > READINGS_AT_MOST,
        "following": following,
    }
    return render(request, "posts/range.html", context)


def _days_of(posts: list[DailyPost], most: int = RANGE_PAPERS) -> list[Day]:
    """Whole days in order, of posts that know what they show, until the page has had enough papers."""
    totals = accumulate(post.shown for post in posts)
    kept = [
        post for at, (post, total) in enumerate(zip(posts, totals, strict=True)) if total <= most or at == 0
    ]
    entries = Entry.objects.public().filter(post__in=kept).order_by("post__date", "digest", "position", "id")
    return with_tallies(kept, of_entries(entries.with_texts()))


def with_tallies(posts: list[DailyPost], made: list[Card]) -> list[Day]:
    """Each post with its own of these cards and what it holds besides them, by one query for all."""
    rows = Entry.objects.filter(post__in=posts).order_by("post", "held").values("post", "held")
    refused = Q(paper__summary__status=Summary.Status.REJECTED, paper__summary__public=None)
    tallies = list(rows.annotate(n=Count("id"), refused=Count("id", filter=refused)))
    return [
        _day(
            post,
            [card for card in made if card.entry.post_id == post.pk],
            [row for row in tallies if row["post"] == post.pk],
        )
        for post in posts
    ]


def _day(post: DailyPost, made: list[Card], tally: list[dict[str, Any]]) -> Day:
    held = [row for row in tally if row["held"]]
    refused = sum(row["refused"] for row in tally if not row["held"])
    waiting = sum(row["n"] for row in tally if not row["held"]) - refused - len(made)
    return Day(post, made, held, waiting, refused)


@require_safe
def day(request: HttpRequest, slug: str, year: str, month: str, day: str) -> HttpResponse:
    """One digest's day. Staff may look at it before it is published, with ?preview=1."""
    date = date_or_404(year, month, day)
    if request.GET.get("preview") == "1":
        return preview(request, slug, date)
    post = public_posts().filter(digest__slug=slug, date=date).first()
    if post is None:
        raise Http404(_why_none(date))
    context = _day_context(post)
    lean = len(context["day"].cards) > READINGS_AT_MOST
    return render(request, "posts/day.html", context | {"lean": lean})


def _why_none(date: dt.date) -> str:
    """What a reader who asks for a day without a post should know."""
    named = f"{date.year}年{date.month}月{date.day}日"
    if FIRST_YEAR <= date.year < dt.MAXYEAR and not batches.is_announcement_day(date):
        return f"arXiv 在{named}（周末或美国假日）不公布新论文。"
    return f"这里没有{named}的日报：可能还没有发布。"


@never_cache
def preview(request: HttpRequest, slug: str, date: dt.date) -> HttpResponse:
    """The day as it would look with every newest text, for those who may see it in the admin."""
    if not request.user.has_perm("posts.view_dailypost"):
        return redirect("admin:login")
    post = get_object_or_404(DailyPost.objects.select_related("digest"), digest__slug=slug, date=date)
    return render(request, "posts/day.html", _day_context(post, draft=True) | {"preview": True})


def _day_context(post: DailyPost, *, draft: bool = False) -> dict[str, Any]:
    entries = post.entries.filter(held="", paper__summary__isnull=False) if draft else post.entries.public()
    made = of_entries(entries.with_texts(), draft=draft)
    neighbours = public_posts(post.digest)
    return {
        "day": with_tallies([post], made)[0],
        "digest": post.digest,
        "tags": post.tags.all(),
        "earlier": neighbours.filter(date__lt=post.date).first(),
        "later": neighbours.filter(date__gt=post.date).last(),
    }


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """A digest's year as a calendar: the days that have posts, and those that have none."""
    digests = list(Digest.objects.filter(posts__in=DailyPost.objects.published()).distinct())
    chosen = _chosen(digests, request.GET.get("digest"))
    if chosen is None:
        return render(request, "posts/archive.html", {"digests": digests})
    dates = list(public_posts(chosen).values_list("date", flat=True))
    years = list(dict.fromkeys(date.year for date in dates))
    year = _chosen_year(years, request.GET.get("year"))
    context = {
        "digests": digests,
        "digest": chosen,
        "years": list(map(str, years)),
        "year": str(year),
        "months": _months(chosen, [date for date in dates if date.year == year]),
        "newest": dates[0],
    }
    return render(request, "posts/archive.html", context)


def _chosen(digests: list[Digest], slug: str | None) -> Digest | None:
    if slug is None:
        return digests[0] if digests else None
    for digest in digests:
        if digest.slug == slug:
            return digest
    raise Http404("没有这份日报")


def _chosen_year(years: list[int], text: str | None) -> int:
    if text is None:
        return years[0]
    for year in years:
        if str(year) == text:
            return year
    raise Http404("这一年没有日报")


def _months(digest: Digest, dates: list[dt.date]) -> list[dict[str, Any]]:
    """Months, newest first, as weeks of cells; `dates` are those of one year that have posts."""
    year = Entry.objects.public().filter(post__digest=digest, post__date__range=(dates[-1], dates[0]))
    counts = dict(year.order_by().values_list("post__date").annotate(n=Count("id")))
    shown = {date: _cell(digest, date, counts.get(date, 0)) for date in dates}
    months = dict.fromkeys(date.replace(day=1) for date in dates)
    return [{"first": first, "weeks": _weeks(first, shown)} for first in months]


def _weeks(first: dt.date, shown: dict[dt.date, dict[str, str]]) -> list[list[Any]]:
    """Cells of a month, None for the days of its neighbours."""
    days = Calendar().monthdatescalendar(first.year, first.month)
    return [
        [shown.get(one, {"day": str(one.day)}) if one.month == first.month else None for one in week]
        for week in days
    ]


def _cell(digest: Digest, date: dt.date, shown: int) -> dict[str, str]:
    label = f"{date.month}月{date.day}日，{shown} 篇"
    return {"day": str(date.day), "url": addresses.day(digest.slug, date), "n": str(shown), "label": label}
