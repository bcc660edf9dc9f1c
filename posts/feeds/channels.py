"""What a feed is about: each address means one channel, or is not found with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.urls import reverse

from papers import taxonomy
from papers.models import PaperCategory
from posts import search_index
from posts.feeds import expressions
from posts.feeds.site import SITE
from posts.models import DailyPost, Digest, Entry
from posts.search import FACETS, search
from posts.views.searching import INDEX_AT_MOST, MAX_QUERY
from posts.views.shelves import tag_or_404


@dataclass(frozen=True)
class Channel:
    """`path` and `query` are the one spelling of the address, percent-encoded; `page` is where people read it."""

    path: str
    title: str
    description: str
    page: str
    entries: QuerySet[Entry]
    posts: QuerySet[DailyPost]
    query: str = ""
    sparse: QuerySet[Entry] | None = None
    by_day: bool = False
    is_complete: bool = True

    @property
    def address(self) -> str:
        return self.path + self.query


def of_all() -> Channel:
    return Channel(
        "/feeds/all/",
        SITE,
        "本站公开的全部论文：中文标题、摘要与详细解读。",
        reverse("posts-home"),
        Entry.objects.public(),
        DailyPost.objects.published(),
    )


def of_categories(text: str) -> Channel:
    """A category or a mixture of them, in any spelling."""
    mixture = expressions.parse(text)
    if mixture is None:
        raise Http404(
            "没有这样的分类组合；写法如 cs.SD+eess.AS-cs.LG：加号是并集，减号是去掉，名称须是 arXiv 的分类"
        )
    single = len(mixture.wanted) == 1 and not mixture.unwanted and taxonomy.category(mixture.wanted[0])
    name = f"{single.code} {single.name_zh}" if single else str(mixture)
    page = reverse("posts-category", args=[single.code]) if single else reverse("posts-categories")
    return Channel(
        f"/feeds/category/{mixture}/",
        f"{name} · {SITE}",
        f"arXiv 分类 {mixture} 的论文：中文标题、摘要与详细解读。",
        page,
        _near(mixture),
        DailyPost.objects.published(),
        sparse=_far(mixture),
    )


def _near(mixture: expressions.Mixture) -> QuerySet[Entry]:
    """Its entries, asked of each entry in turn."""
    rows = PaperCategory.objects.filter(paper=OuterRef("paper"))
    return _without(
        mixture, Entry.objects.public().filter(Exists(rows.filter(code__in=mixture.wanted_codes)))
    )


def _far(mixture: expressions.Mixture) -> QuerySet[Entry]:
    """Its entries, found from the categories' index."""
    papers = PaperCategory.objects.filter(code__in=mixture.wanted_codes).values("paper")
    return _without(mixture, Entry.objects.public().filter(paper__in=papers))


def _without(mixture: expressions.Mixture, entries: QuerySet[Entry]) -> QuerySet[Entry]:
    if not mixture.unwanted:
        return entries
    rows = PaperCategory.objects.filter(paper=OuterRef("paper"), code__in=mixture.unwanted_codes)
    return entries.exclude(Exists(rows))


def of_tag(name: str) -> Channel:
    found = tag_or_404(name)
    return Channel(
        f"/feeds/tag/{quote(found.name, safe='')}/",
        f"{found.name} · {SITE}",
        f"标签“{found.name}”下的论文：中文标题、摘要与详细解读。",
        reverse("posts-tag", args=[found.name]),
        Entry.objects.public().filter(paper__tags=found),
        DailyPost.objects.published(),
    )


def of_digest(slug: str, *, by_day: bool = False) -> Channel:
    """A digest, one item a paper or one a day."""
    found = Digest.objects.filter(slug=slug).first()
    if found is None:
        raise Http404("没有这份日报")
    return Channel(
        f"/feeds/d/{found.slug}/" + ("days/" if by_day else ""),
        f"{found.title}{'（每天一条）' if by_day else ''} · {SITE}",
        found.description
        or f"{found.title}：{'、'.join(found.categories)} 的论文，中文标题、摘要与详细解读。",
        found.get_absolute_url(),
        Entry.objects.public().filter(digest=found),
        DailyPost.objects.published().filter(digest=found),
        by_day=by_day,
    )


def of_search(asked: Mapping[str, str]) -> Channel:
    """A search and its facets; the search page gives the same papers."""
    text = asked.get("q", "").strip()[:MAX_QUERY]
    filters = {kind: value[:MAX_QUERY] for kind in FACETS if (value := asked.get(kind, ""))}
    if not text and not filters:
        raise Http404("请在地址里写要搜索的词，例如 /feeds/search/atom.xml?q=语音合成")
    left = search_index.catch_up(INDEX_AT_MOST)
    query = "?" + urlencode(({"q": text} if text else {}) | filters, errors="replace")
    words = " ".join(filter(None, [text, *filters.values()]))
    return Channel(
        "/feeds/search/",
        f"搜索：{words} · {SITE}",
        f"搜索“{words}”找到的论文：中文标题、摘要与详细解读。",
        reverse("posts-search") + query,
        Entry.objects.public().filter(paper__in=search(text, filters).papers),
        DailyPost.objects.published(),
        query,
        is_complete=not left,
    )
