"""The feed of a digest's days: one item a day, its papers listed with both titles and the abstract."""

from collections import defaultdict
from itertools import accumulate

from django.db.models import Count, QuerySet

from posts import addresses, cards
from posts.feeds import content
from posts.feeds.items import Item
from posts.feeds.newest import POST_SHOWN
from posts.feeds.site import absolute, tag_uri
from posts.models import DailyPost, Entry
from posts.templatetags.pages import day as chinese_date

# A week at least; more where the days are short.
DAYS, LEAST_DAYS, PAPERS = 15, 7, 120


def of_days(posts: QuerySet[DailyPost]) -> list[Item]:
    """One item for each of the posts that were published last."""
    shown = _shown(posts)
    entries = Entry.objects.public().filter(post__in=shown).order_by("post", "position", "pk")
    by_post: dict[int, list[cards.Card]] = defaultdict(list)
    for card in cards.of_entries(entries.with_texts()):
        by_post[card.entry.post_id].append(card)
    return [_of_day(post, by_post[post.pk]) for post in shown]


def _shown(posts: QuerySet[DailyPost]) -> list[DailyPost]:
    newest = posts.select_related("digest").annotate(shown_at=POST_SHOWN).order_by("-shown_at", "-date")
    shown = list(newest[:DAYS])
    public = Entry.objects.public().filter(post__in=shown).order_by()
    counts = dict(public.values_list("post").annotate(n=Count("pk")))
    totals = accumulate(counts.get(post.pk, 0) for post in shown)
    return [
        post
        for at, (post, total) in enumerate(zip(shown, totals, strict=True))
        if at < LEAST_DAYS or total <= PAPERS
    ]


def _of_day(post: DailyPost, shown: list[cards.Card]) -> Item:
    title = f"{post.digest.title} {chinese_date(post.date)}：{len(shown)} 篇"
    changes = [card.summary.public_changed_at for card in shown if card.summary.public_changed_at]
    return Item(
        id=tag_uri("day", post.digest.slug, f"{post.date:%Y-%m-%d}"),
        url=absolute(addresses.day(post.digest.slug, post.date)),
        title=title,
        summary="；".join(card.revision.title for card in shown[:3]) + ("等" if len(shown) > 3 else ""),
        content=content.of_day(post, shown),
        published=post.shown_at,
        updated=max([post.shown_at, post.changed_at or post.shown_at, *changes]),
    )
