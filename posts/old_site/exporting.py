"""From the tables back to the old site's posts; written anew each time, no raw post is kept.

The printed facts that the tables have no place for are in `layout` of post and entry (see layout.py).
In a post from the old site the heading is the title that our page shows; in a post made here, as the old
site had it, the English one, with the Chinese title in a line of its own.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from papers import taxonomy
from papers.models import Paper, Revision
from papers.pipeline import words
from posts.jekyll import EntryForm, OldEntry, OldPost, PostForm, is_tag, printed_tag, tag_of, write
from posts.jekyll.values import USUAL_FRONT
from posts.models import DailyPost, Digest, Entry

# The digest whose files bear the old site's name; the others' files are called after them.
OLD_DIGEST = "speech"
AFTER_ALL = 1_000_000
_LIQUID = re.compile(r"\{[{%]")


def export_files(digests: Iterable[Digest], folder: Path) -> tuple[int, int]:
    """Write the published posts; (posts, files that changed). Files of withdrawn posts are removed."""
    digests = list(digests)
    folder.mkdir(parents=True, exist_ok=True)
    posts = changed = 0
    for digest in digests:
        stem = "arxiv" if digest.slug == OLD_DIGEST or len(digests) == 1 else digest.slug
        for post in digest.posts.published().prefetch_related("tags").order_by("date"):
            posts += 1
            changed += _put(folder / f"{post.date:%F}-{stem}.md", write(old_post(post)).encode("utf-8"))
        for post in digest.posts.filter(status=DailyPost.Status.WITHDRAWN):
            (folder / f"{post.date:%F}-{stem}.md").unlink(missing_ok=True)
    return posts, changed


def _put(path: Path, data: bytes) -> bool:
    """Whether the file had to be written."""
    if path.is_file() and path.read_bytes() == data:
        return False
    path.write_bytes(data)
    return True


def old_post(post: DailyPost) -> OldPost:
    """What the public sees of a post, in the old site's terms."""
    layout = post.layout or {}
    zone = post.digest.tzinfo
    start, end = (
        moment.astimezone(zone).replace(tzinfo=None) for moment in (post.window_start, post.window_end)
    )
    entries = sorted(post.entries.public().with_texts(), key=_place)
    made = tuple(old_entry(entry) for entry in entries)
    return OldPost(
        date=post.date,
        start=start,
        end=end,
        tags=tuple(_tags(post, layout)),
        entries=made,
        **_counts(post, layout, entries, made),
    )


def _place(entry: Entry) -> tuple[int, int, int]:
    layout = entry.layout or {}
    return layout.get("place", AFTER_ALL), entry.position, entry.pk


def _counts(
    post: DailyPost, layout: dict[str, Any], entries: list[Entry], made: Sequence[OldEntry]
) -> dict[str, Any]:
    """The printed numbers, as long as the post has what it had when they were printed."""
    form = PostForm.from_json(layout["form"]) if layout else _form_of(post, made)
    if not layout or any(entry.layout is None for entry in entries):
        return {"fetched": post.fetched, "form": replace(form, shown=None)}
    return {"fetched": layout["fetched"], "form": form}


def _form_of(post: DailyPost, made: Sequence[OldEntry]) -> PostForm:
    """A post made here: the newest of the old layouts, with the digest's own anchor and zone.

    Jekyll would take the braces of TeX such as {{x}} for its own template language; it is told not to.
    """
    digest = post.digest
    short = post.window_end.astimezone(digest.tzinfo).tzname()
    zone = PostForm.zone if digest.zone == "Asia/Shanghai" else f"{digest.zone}"
    has_braces = any(
        _LIQUID.search(f"{one.title}{one.chinese_title}{one.abstract}{one.reading}") for one in made
    )
    front = (*USUAL_FRONT, ("render_with_liquid", "false")) if has_braces else ()
    return PostForm(front=front, zone=zone, anchor=f"{digest.anchor:%H:%M} {short}")


def _tags(post: DailyPost, layout: dict[str, Any]) -> list[str]:
    """The post's tags as printed; tags that people added come last, those they took off are gone."""
    printed = layout.get("tags") or ["arxiv", *post.digest.categories]
    present = {tag.name.casefold(): tag.name for tag in post.tags.all()}
    kept = [text for text in printed if tag_of(text).casefold() in present or not is_tag(tag_of(text))]
    added = present.keys() - {tag_of(text).casefold() for text in printed}
    return kept + [printed_tag(present[folded]) for folded in sorted(added)]


def old_entry(entry: Entry) -> OldEntry:
    paper, text = entry.paper, entry.paper.summary.public
    layout = entry.layout or {}
    heading, chinese_title = _titles(paper, text, layout)
    return OldEntry(
        arxiv_id=paper.arxiv_id,
        version=layout["version"] if layout else text.paper_version,
        title=heading,
        authors=_authors(paper, layout),
        categories=_categories(paper, layout),
        abstract=text.abstract,
        reading=text.reading,
        note=layout.get("note"),
        chinese_title=chinese_title,
        form=EntryForm.from_json(layout.get("form", {})),
    )


def _titles(paper: Paper, text: Revision, layout: dict[str, Any]) -> tuple[str, str]:
    """Heading, and the Chinese title where it has a line of its own."""
    if layout and layout["titled"]:
        return _one_line(paper.title), _one_line(text.title)
    if not layout:
        return _one_line(paper.title), _one_line(text.title) if text.title != paper.title else ""
    if text.by_machine and _was_renamed(paper, text.title, layout):
        return _one_line(paper.title), ""
    return _one_line(text.title), ""


def _was_renamed(paper: Paper, printed: str, layout: dict[str, Any]) -> bool:
    """Whether somebody gave the paper another title. arXiv itself does so in a later version only, and
    spells the same words in several ways."""
    if paper.version != (layout["version"] or 1):
        return False
    if paper.fetched_at is not None:
        return not words.same(printed, paper.title)
    return printed.split() != paper.title.split()


def _one_line(title: str) -> str:
    return title.replace("\r", " ").replace("\n", " ")


def _authors(paper: Paper, layout: dict[str, Any]) -> tuple[str, ...]:
    """As printed, unless somebody changed them before arXiv was asked again."""
    printed = layout.get("authors")
    if printed is not None and paper.fetched_at is not None:
        return tuple(printed)
    return tuple(author["name"] if isinstance(author, dict) else str(author) for author in paper.authors)


def _categories(paper: Paper, layout: dict[str, Any]) -> tuple[str, ...]:
    printed = layout.get("categories")
    if printed is not None and (
        paper.fetched_at is not None or list(taxonomy.canonical_all(printed)) == paper.categories
    ):
        return tuple(printed)
    return tuple(paper.categories)
