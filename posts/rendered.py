"""The HTML of texts: made once for each revision, kept in `Rendered`, read by every page and feed."""

import hashlib
from collections.abc import Iterable

from papers import sentences
from papers.models import Paper, Revision
from posts import rendering
from posts.models import Entry, Rendered


def of(texts: Iterable[tuple[Paper, Revision]]) -> dict[int, Rendered]:
    """The HTML of these revisions by revision id: one query, and one more if some must be made."""
    texts = list(texts)
    kept = Rendered.objects.in_bulk([revision.pk for _, revision in texts])
    made = [
        _make(paper, revision, key)
        for paper, revision in texts
        if (key := _key(paper, revision)) != getattr(kept.get(revision.pk), "key", None)
    ]
    if made:
        _keep(made)
    return kept | {one.pk: one for one in made}


def prepare(revisions: Iterable[Revision]) -> int:
    """Make the HTML of these texts before readers ask for it; how many texts have it now."""
    return len(of((revision.summary.paper, revision) for revision in revisions))


def prepare_public(most: int = 200) -> int:
    """Make the HTML of public texts that have none yet, so that no reader waits for it."""
    public = Entry.objects.public().values("paper__summary__public")
    missing = Revision.objects.filter(pk__in=public, rendered=None).select_related("summary__paper")
    return prepare(missing[:most])


def _keep(made: list[Rendered]) -> None:
    fields = [field.name for field in Rendered._meta.fields if not field.primary_key]
    Rendered.objects.bulk_create(
        made, update_conflicts=True, unique_fields=["revision"], update_fields=fields, batch_size=100
    )


def _key(paper: Paper, revision: Revision) -> str:
    sources = [str(rendering.RENDERER_VERSION), paper.title, paper.abstract, *revision.text.values()]
    return hashlib.sha256("\x1f".join(sources).encode("utf-8", "replace")).hexdigest()


def _make(paper: Paper, revision: Revision, key: str) -> Rendered:
    return Rendered(
        revision=revision,
        key=key,
        title=rendering.title_html(revision.title),
        abstract=rendering.abstract_html(revision.abstract),
        reading=rendering.to_html(revision.reading) if revision.reading else "",
        english_title=rendering.title_html(paper.title),
        english_abstract=rendering.abstract_html(paper.abstract),
        pairs=_pairs(paper.abstract, revision.abstract),
    )


def _pairs(english: str, chinese: str) -> list[list[str]]:
    """Sentences that say the same, as [English HTML, Chinese HTML]; one may be empty."""
    return [
        [_piece(english, pair.source_spans), _piece(chinese, pair.target_spans)]
        for pair in sentences.align(english, chinese)
    ]


def _piece(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    return rendering.title_html(text[spans[0][0] : spans[-1][1]]) if spans else ""
