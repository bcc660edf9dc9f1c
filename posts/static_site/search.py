"""The index that a reader's browser searches: one file a month of posts, newest first, titles to abstracts.

`search/index.json` names the files and says how many papers each has; a row of a file is
[arXiv id, Chinese title, English title, authors, categories, tags, digests, date, reviewed, Chinese
abstract, English abstract], all as plain text. Words are found in it by the rules of posts/search_tokens.py.
"""

import json
from collections import defaultdict
from collections.abc import Iterable

from posts import cards, rendering
from posts.models import Entry

from .state import PublicEntry, State, fingerprint

INDEX = "search/index.json"


def months(state: State) -> dict[str, list[PublicEntry]]:
    """Entries by month, the newest month first; a paper is in the month of its first entry only."""
    dates = {post.pk: post.date for post in state.posts}
    seen: set[int] = set()
    found: dict[str, list[PublicEntry]] = defaultdict(list)
    for entry in reversed(state.entries):
        if entry.paper not in seen:
            seen.add(entry.paper)
            found[f"{dates[entry.post]:%Y-%m}"].append(entry)
    return {month: found[month][::-1] for month in sorted(found, reverse=True)}


def file_of_month(month: str) -> str:
    return f"search/{month}.json"


def prints(state: State) -> dict[str, str]:
    """File -> fingerprint of what is in it."""
    by_month = months(state)
    found = {
        file_of_month(month): fingerprint([state.whole[entry.arxiv_id] for entry in entries])
        for month, entries in by_month.items()
    }
    return found | {INDEX: fingerprint([(month, len(entries)) for month, entries in by_month.items()])}


def bake(state: State, file: str) -> bytes:
    by_month = months(state)
    if file == INDEX:
        rows: object = [[month, len(entries)] for month, entries in by_month.items()]
    else:
        month = file.removeprefix("search/").removesuffix(".json")
        rows = list(_rows(by_month[month]))
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def _rows(entries: Iterable[PublicEntry]) -> Iterable[list[object]]:
    order = {entry.pk: at for at, entry in enumerate(entries)}
    rows = Entry.objects.filter(pk__in=order).with_texts().select_related("post__digest")
    shown = cards.of_entries(sorted(rows, key=lambda entry: order[entry.pk]))
    for card in shown:
        paper, revision = card.paper, card.revision
        titles = [rendering.plain(revision.title), rendering.plain(paper.title)]
        abstracts = [rendering.plain(revision.abstract), rendering.plain(paper.abstract)]
        labels = [card.authors, paper.categories, [topic.name for topic in card.topics]]
        place = [[card.entry.post.digest.slug], f"{card.entry.post.date:%F}", int(card.is_reviewed)]
        yield [paper.arxiv_id, *titles, *labels, *place, *abstracts]
