"""What is public now, as short fingerprints: enough to know which built pages are out of date.

A page is made of papers' texts and of lists of papers. The texts are told from one another by a
fingerprint a paper (`whole` for all that is shown of it, `face` for its titles), the lists by a
fingerprint of their order.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count
from taggit.models import TaggedItem

from papers.models import Category, Correction, Generation, Paper, PaperCategory, Summary, Term
from posts import related, search_tokens
from posts.models import DailyPost, Digest, Entry

# Everything that can change how the same content looks.
SOURCES = ("templates/**/*", "posts/**/*.py", "posts/static/**/*", "papers/*.py", "papers/models/*.py")


def fingerprint(*parts: Any) -> str:
    return hashlib.blake2b(repr(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()


@dataclass(frozen=True)
class PublicEntry:
    """An entry's place in the lists, newest first."""

    pk: int
    post: int
    paper: int
    arxiv_id: str


@dataclass
class State:
    """The public content at one moment."""

    entries: list[PublicEntry] = field(default_factory=list)
    whole: dict[str, str] = field(default_factory=dict)
    face: dict[str, str] = field(default_factory=dict)
    posts: list[DailyPost] = field(default_factory=list)
    post_prints: dict[int, str] = field(default_factory=dict)
    digests: list[Digest] = field(default_factory=list)
    categories: dict[str, list[PublicEntry]] = field(default_factory=dict)
    primary: dict[int, str] = field(default_factory=dict)
    tags: dict[str, list[PublicEntry]] = field(default_factory=dict)
    post_tags: dict[str, list[int]] = field(default_factory=dict)
    paper_tags: dict[int, list[str]] = field(default_factory=dict)
    by_category: dict[str, list[int]] = field(default_factory=dict)
    by_tag: dict[str, list[int]] = field(default_factory=dict)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """arXiv id -> a small number, for the manifest; identifiers are public, numbers are ours."""
        return {entry.arxiv_id: entry.paper for entry in self.entries}

    @cached_property
    def ids(self) -> dict[int, str]:
        return {entry.paper: entry.arxiv_id for entry in self.entries}

    @cached_property
    def by_number(self) -> dict[str, list[int]]:
        """What follows the archive's name in an identifier -> the papers, of which each archive may have one."""
        found: dict[str, list[int]] = defaultdict(list)
        for arxiv_id, pk in self.numbers.items():
            found[arxiv_id.rpartition("/")[2]].append(pk)
        return found

    @cached_property
    def by_post(self) -> dict[int, list[PublicEntry]]:
        found: dict[int, list[PublicEntry]] = defaultdict(list)
        for entry in self.entries:
            found[entry.post].append(entry)
        return found

    @cached_property
    def lists(self) -> str:
        """Which papers are public, where, and in which order."""
        return fingerprint(self.entries, sorted(self.post_prints.items()), self.digest_print)

    @cached_property
    def texts(self) -> str:
        return fingerprint(sorted(self.whole.items()))

    @cached_property
    def digest_print(self) -> str:
        return fingerprint([_row(digest) for digest in self.digests])

    @cached_property
    def terms(self) -> dict[str, str]:
        """English term -> the fingerprint of its row."""
        return {term.english: fingerprint(_row(term)) for term in Term.objects.order_by("english")}

    @cached_property
    def generation(self) -> str:
        return fingerprint(list(Generation.objects.values_list()))

    def related(self, paper: int) -> list[int]:
        """Public papers to show beside one, best first."""
        sharing = _newest(self.by_tag.get(name, []) for name in self.paper_tags.get(paper, []))
        in_category = self.by_category.get(self.primary.get(paper, ""), [])[: related.CONSIDERED]
        best = related.ranked(paper, sharing, lambda: in_category)
        return [pk for pk in best if pk in self.ids][: related.RELATED]


def _newest(rows: Any) -> list[int]:
    return sorted((pk for row in rows for pk in row), reverse=True)[: related.CANDIDATES]


def read() -> State:
    """The state of the tables, in a constant number of queries."""
    state = State()
    _read_papers(state)
    _read_posts(state)
    _read_categories(state)
    _read_tags(state)
    return state


def _read_papers(state: State) -> None:
    tags: dict[int, list[str]] = defaultdict(list)
    for pk, name in _tagged(Paper).order_by("tag__name").values_list("object_id", "tag__name"):
        tags[pk].append(name)
    state.paper_tags = dict(tags)
    corrected = dict(
        Correction.objects.order_by()
        .values_list("summary")
        .annotate(Count("pk"))
        .values_list("summary", "pk__count")
    )
    seen: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    rows = Entry.objects.public().order_by("-post__date", "digest", "position", "id")
    for pk, post, paper, arxiv_id, section in rows.values_list(
        "pk", "post", "paper", "paper__arxiv_id", "section"
    ):
        state.entries.append(PublicEntry(pk, post, paper, arxiv_id))
        seen[paper].append((post, section))
    summaries = Summary.objects.shown().values_list(
        "paper", "pk", "paper__title", "public__title", "public", "status", "public_since", "public_changed_at",
        "reviewed_at", "reviewed_by__username", "reviewed_by__first_name", "reviewed_by__last_name",
        "paper__abstract", "paper__authors", "paper__categories", "paper__version", "paper__submitted",
        "paper__updated", "paper__comment", "paper__doi", "paper__journal", "paper__licence", "paper__withdrawn",
    )  # fmt: skip
    ids = state.ids
    for paper, summary, *rest in summaries:
        if paper in ids:
            state.face[ids[paper]] = fingerprint(rest[:2])
            state.whole[ids[paper]] = fingerprint(
                rest, seen[paper], tags.get(paper), corrected.get(summary, 0)
            )


def _read_posts(state: State) -> None:
    state.digests = list(Digest.objects.order_by("slug"))
    state.posts = list(
        DailyPost.objects.published().select_related("digest").order_by("-date", "digest__slug")
    )
    tallies: dict[int, list[Any]] = defaultdict(list)
    counts = Entry.objects.order_by("held").values_list("post", "held").annotate(n=Count("pk"))
    for post, held, number in counts:
        tallies[post].append((held, number))
    for post, name in _tagged(DailyPost).order_by("tag__name").values_list("object_id", "tag__name"):
        tallies[post].append(name)
        state.post_tags.setdefault(name, []).append(post)
    state.post_prints = {post.pk: fingerprint(_row(post), tallies[post.pk]) for post in state.posts}


def _read_categories(state: State) -> None:
    codes: dict[int, list[str]] = defaultdict(list)
    rows = PaperCategory.objects.order_by("-paper").values_list("paper", "code")
    for paper, code in rows:
        codes[paper].append(code)
        state.by_category.setdefault(code, []).append(paper)
    for entry in state.entries:
        for code in codes[entry.paper]:
            state.categories.setdefault(code, []).append(entry)
    for digest in state.digests:
        for code in digest.categories if digest.active else []:
            state.categories.setdefault(code, [])
    followed = Category.objects.filter(followed=True).values_list("code", flat=True)
    for code in followed:
        state.categories.setdefault(code, [])
    primary = Paper.objects.filter(summary__public__isnull=False).values_list("pk", "categories")
    state.primary = {pk: found[0] for pk, found in primary if found}


def _read_tags(state: State) -> None:
    for paper, names in state.paper_tags.items():
        for name in names:
            state.by_tag.setdefault(name, []).append(paper)
    for entry in state.entries:
        for name in state.paper_tags.get(entry.paper, []):
            state.tags.setdefault(name, []).append(entry)
    published = {post.pk for post in state.posts}
    for name, posts in state.post_tags.items():
        if published & set(posts):
            state.tags.setdefault(name, [])


def _tagged(model: type[Any]) -> Any:
    return TaggedItem.objects.filter(content_type=ContentType.objects.get_for_model(model))


def _row(thing: Any) -> dict[str, Any]:
    return {field.attname: getattr(thing, field.attname) for field in thing._meta.concrete_fields}


def words_of(arxiv_ids: Iterable[str]) -> list[str]:
    """All words of these papers' public texts, one folded string a paper."""
    rows = Summary.objects.shown().filter(paper__arxiv_id__in=list(arxiv_ids))
    texts = rows.values_list("paper__title", "paper__abstract", "public__title", "public__abstract")
    return [search_tokens.plain(" ".join(row)) for row in texts]


def code_print(*also: str) -> str:
    """The fingerprint of our own sources: a new release draws the same content anew."""
    root = Path(settings.BASE_DIR)
    files = sorted(path for pattern in SOURCES for path in root.glob(pattern) if path.is_file())
    digest = hashlib.blake2b(repr(also).encode(), digest_size=12)
    for path in files:
        if path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()
