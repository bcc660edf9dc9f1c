"""What the tables have no place for in an old post: how it was set, and what it printed that may differ from them.

Kept in `layout` of post and entry; `exporting` writes with it.
"""

from typing import Any

from posts.jekyll import OldEntry, OldPost


def post_layout(old: OldPost) -> dict[str, Any]:
    """What the tables do not know of an old post: printed counts, order of tags, form."""
    return {
        "fetched": old.fetched,
        "shown": len(old.entries) if old.form.shown is None else old.form.shown,
        "tags": list(old.tags),
        "form": old.form.as_json(),
    }


def entry_layout(old: OldEntry, place: int) -> dict[str, Any]:
    """What the tables do not know of an old entry.

    `authors` and `categories` are as printed: arXiv may say others later, and what is no arXiv category
    (I.2.7) is none in the tables either. `note` stands where a reading would; `titled` says that the
    heading is English and the Chinese title has a line of its own.
    """
    return {
        "place": place,
        "version": old.version,
        "authors": list(old.authors),
        "categories": list(old.categories),
        "note": old.note,
        "titled": bool(old.chinese_title),
        "form": old.form.as_json(),
    }
