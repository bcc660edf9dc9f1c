"""Papers that share topic tags with one, or else its primary category."""

from collections import Counter
from collections.abc import Callable, Iterable

from django.contrib.contenttypes.models import ContentType
from taggit.models import TaggedItem

from papers.models import Paper, PaperCategory
from posts import cards
from posts.models import Entry

RELATED = 5
CANDIDATES = 300
CONSIDERED = RELATED * 4


def related_to(card: cards.Card) -> list[cards.Card]:
    """Up to five public papers, those that share most tags first, then the newest."""
    paper = card.paper
    best = ranked(paper.pk, _sharing(card.topics), lambda: _in_category(paper))
    found = Entry.objects.public().filter(paper__in=best).with_texts()
    by_paper = {entry.paper_id: entry for entry in found}
    return cards.of_entries([by_paper[pk] for pk in best if pk in by_paper][:RELATED])


def ranked(paper: int, sharing: Iterable[int], in_category: Callable[[], Iterable[int]]) -> list[int]:
    """Candidates, best first: a paper counts once for each tag it shares; a category fills up what is left."""
    shared = Counter(sharing)
    if len(shared) < RELATED:
        shared.update(in_category())
    shared.pop(paper, None)
    best = sorted(shared.items(), key=lambda item: (-item[1], -item[0]))
    return [pk for pk, _ in best[:CONSIDERED]]


def _sharing(topics: list[cards.Topic]) -> list[int]:
    if not topics:
        return []
    rows = TaggedItem.objects.filter(
        content_type=ContentType.objects.get_for_model(Paper),
        tag__name__in=[topic.name for topic in topics],
    )
    return list(rows.order_by("-object_id").values_list("object_id", flat=True)[:CANDIDATES])


def _in_category(paper: Paper) -> list[int]:
    rows = PaperCategory.objects.filter(code=paper.primary_category).order_by("-paper")
    return list(rows.values_list("paper", flat=True)[:CONSIDERED])
