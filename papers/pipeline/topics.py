"""Topic tags of a paper, from the term base: no paid call.

They are given once, with the first Chinese text: what editors add or take away afterwards is theirs.
"""

from django.contrib.contenttypes.models import ContentType
from taggit.models import Tag, TaggedItem

from papers import terms
from papers.models import Paper

MOST_TOPICS = 8


def topics_of(paper: Paper, known: terms.TermMatcher) -> list[str]:
    """Chinese names of the topics that occur in title or abstract, the most frequent first."""
    found = known.occurring(f"{paper.title}\n{paper.abstract}", limit=200)
    names = [term.chinese or term.english for term in found if term.is_topic]
    return list(dict.fromkeys(names))[:MOST_TOPICS]


def tag(paper: Paper, known: terms.TermMatcher) -> None:
    """Add the paper's topics; those that it has, and all others, stay."""
    names = topics_of(paper, known)
    tags = {tag.name: tag for tag in Tag.objects.filter(name__in=names)}
    for name in names:
        if name not in tags:
            tags[name], _ = Tag.objects.get_or_create(name=name)
    kind = ContentType.objects.get_for_model(Paper)
    TaggedItem.objects.bulk_create(
        [TaggedItem(tag=tags[name], content_type=kind, object_id=paper.pk) for name in names],
        ignore_conflicts=True,
    )
