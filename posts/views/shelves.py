"""Lists of papers by subject: categories, tags, and the stars a reader carries in an address."""

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from taggit.models import Tag

from papers import taxonomy
from papers.models import PaperCategory
from posts import cards
from posts.models import DailyPost, Entry
from posts.views.common import Slice, page_number, slice_of

STARS_SHOWN = 100
RECENT_POSTS = 30


def newest_first(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    return entries.order_by("-post__date", "digest", "position", "id")


def page_of(entries: QuerySet[Entry], number: int) -> Slice:
    """A page of cards; a paper that two digests announced appears once."""
    page = slice_of(newest_first(entries).with_texts(), number)
    seen = {entry.paper_id: entry for entry in reversed(page.items)}
    once = [entry for entry in page.items if seen[entry.paper_id] is entry]
    return Slice(cards.of_entries(once), page.number, page.has_next)


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    """Every category with public papers, and how many the last weeks brought."""
    recent = DailyPost.objects.published().order_by("-date")[:RECENT_POSTS]
    papers = Entry.objects.public().filter(post__in=list(recent.values_list("pk", flat=True))).values("paper")
    counts = (
        PaperCategory.objects.filter(paper__in=papers)
        .order_by()
        .values_list("code")
        .annotate(n=Count("paper"))
    )
    rows = sorted(((cards.chip(code), n) for code, n in counts), key=lambda row: (-row[1], row[0].code))
    return render(request, "posts/categories.html", {"rows": rows, "posts": RECENT_POSTS})


@require_safe
def category(request: HttpRequest, code: str) -> HttpResponse:
    """Papers of a category, newest first; aliases and other spellings redirect."""
    canonical = taxonomy.canonical(code)
    if canonical is None:
        raise Http404("没有这个分类")
    if canonical != code:
        return HttpResponsePermanentRedirect(reverse("posts-category", args=[canonical]))
    page = page_of(Entry.objects.public().in_categories([code]), page_number(request))
    return render(request, "posts/category.html", {"category": taxonomy.category(code), "page": page})


@require_safe
def tags(request: HttpRequest) -> HttpResponse:
    """Every tag that has a public paper or a published day."""
    papers = Entry.objects.public().values("paper")
    count = Count("taggit_taggeditem_items", filter=_public_items(papers))
    rows = Tag.objects.annotate(n=count).filter(n__gt=0).order_by("-n", "name")
    return render(request, "posts/tags.html", {"tags": rows})


def _public_items(papers: QuerySet[Entry]) -> Q:
    items = "taggit_taggeditem_items__"
    kind = f"{items}content_type__"
    return Q(**{f"{kind}app_label": "papers", f"{kind}model": "paper", f"{items}object_id__in": papers}) | Q(
        **{
            f"{kind}app_label": "posts",
            f"{kind}model": "dailypost",
            f"{items}object_id__in": DailyPost.objects.published().values("pk"),
        }
    )


@require_safe
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """Papers on a topic, and the days that carry it as their tag."""
    found = tag_or_404(name)
    if found.name != name:
        return HttpResponsePermanentRedirect(reverse("posts-tag", args=[found.name]))
    page = page_of(Entry.objects.public().filter(paper__tags=found), page_number(request))
    posts = DailyPost.objects.published().filter(tags=found).select_related("digest").order_by("-date")[:30]
    if not page.items and not posts:
        raise Http404("这个标签下还没有公开的论文")
    return render(request, "posts/tag.html", {"tag": found, "page": page, "posts": posts})


def tag_or_404(name: str) -> Tag:
    """The tag of this name, in any case; names are never longer than a tag may be."""
    fitting = "\x00" not in name and len(name) <= 100
    found = Tag.objects.filter(name__iexact=name).order_by("pk").first() if fitting else None
    if found is None:
        raise Http404("没有这个标签")
    return found


@require_safe
def stars(request: HttpRequest) -> HttpResponse:
    """The papers in ?ids=2601.19786,2601.19781: what a reader starred, as an address to keep or share."""
    wanted = [taxonomy.parse_id(text) for text in request.GET.get("ids", "")[:4000].split(",")]
    ids = list(dict.fromkeys(one.id for one in wanted if one))[:STARS_SHOWN]
    entries = Entry.objects.public().filter(paper__arxiv_id__in=ids).with_texts()
    by_id = {entry.paper.arxiv_id: entry for entry in entries}
    found = cards.of_entries(by_id[one] for one in ids if one in by_id)
    return render(request, "posts/stars.html", {"cards": found, "asked": len(ids)})
