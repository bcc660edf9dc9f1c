"""Lists of papers by subject: categories, tags, and the stars a reader carries in an address."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Exists, Model, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from taggit.models import Tag, TaggedItem

from papers import taxonomy
from papers.models import Paper, PaperCategory
from posts import cards
from posts.models import DailyPost, Entry
from posts.views.common import READINGS_AT_MOST, Slice, page_number, slice_of

STARS_SHOWN = 100
RECENT_POSTS = 30
FEW = 500


def page_of(entries: QuerySet[Entry], number: int) -> Slice:
    """A page of cards, newest first; a paper that two digests announced appears once.

    Ids first: sorting and skipping whole rows is what makes long lists slow.
    """
    ids = slice_of(
        entries.order_by("-post__date", "digest", "position", "id").values_list("pk", flat=True), number
    )
    rows = Entry.objects.public().filter(pk__in=ids.items).with_texts()
    by_id = {entry.pk: entry for entry in rows}
    once = {by_id[pk].paper_id: by_id[pk] for pk in reversed(ids.items) if pk in by_id}
    return Slice(cards.of_entries(reversed(once.values())), ids.number, ids.has_next)


def among(entries: QuerySet[Entry], papers: QuerySet[Any], paper_field: str) -> QuerySet[Entry]:
    """The entries of those papers. Few papers are looked up one by one; for many, the newest posts are
    gone through until a page is full. Which is quicker, the database cannot know."""
    few = list(papers.values_list(paper_field, flat=True)[: FEW + 1])
    if len(few) <= FEW:
        return entries.filter(paper__in=few)
    return entries.filter(Exists(papers.filter(**{paper_field: OuterRef("paper")})))


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    """Every category with public papers, and how many the last weeks brought."""
    counts = (
        PaperCategory.objects.filter(paper__in=_recent_papers())
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
    papers = PaperCategory.objects.filter(code=code)
    page = page_of(among(Entry.objects.public(), papers, "paper"), page_number(request))
    return render(request, "posts/category.html", {"category": taxonomy.category(code), "page": page})


@require_safe
def tags(request: HttpRequest) -> HttpResponse:
    """Every tag that has a public paper or a published day, and how many papers the last weeks brought."""
    papers = TaggedItem.objects.filter(content_type=_kind(Paper))
    public = Entry.objects.public().filter(paper=OuterRef("object_id"))
    on_papers = Exists(papers.filter(Exists(public), tag=OuterRef("pk")))
    days = TaggedItem.objects.filter(content_type=_kind(DailyPost))
    published = DailyPost.objects.published().filter(pk=OuterRef("object_id"))
    on_days = Exists(days.filter(Exists(published), tag=OuterRef("pk")))
    names = Tag.objects.filter(on_papers | on_days).order_by("name").values_list("pk", "name")
    recent = (
        papers.filter(object_id__in=_recent_papers()).order_by().values_list("tag").annotate(n=Count("id"))
    )
    counts = dict(recent)
    rows = sorted(((name, counts.get(pk, 0)) for pk, name in names), key=lambda row: (-row[1], row[0]))
    return render(request, "posts/tags.html", {"tags": rows, "posts": RECENT_POSTS})


def _kind(model: type[Model]) -> ContentType:
    return ContentType.objects.get_for_model(model)


def _recent_papers() -> list[int]:
    posts = list(DailyPost.objects.published().order_by("-date").values_list("pk", flat=True)[:RECENT_POSTS])
    return list(Entry.objects.public().filter(post__in=posts).order_by().values_list("paper", flat=True))


@require_safe
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """Papers on a topic, and the days that carry it as their tag."""
    found = tag_or_404(name)
    if found.name != name:
        return HttpResponsePermanentRedirect(reverse("posts-tag", args=[found.name]))
    items = TaggedItem.objects.filter(content_type=_kind(Paper), tag=found)
    page = page_of(among(Entry.objects.public(), items, "object_id"), page_number(request))
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
    lean = len(found) > READINGS_AT_MOST
    return render(request, "posts/stars.html", {"cards": found, "asked": len(ids), "lean": lean})
