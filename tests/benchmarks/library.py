"""A site that is years old: days of public papers with different texts, made in bulk. For benches only.

Texts are drawn from a pool of invented abstracts with their Chinese; titles, names and numbers differ from
paper to paper. Rendered HTML is left to the first visit, the search index to `index`.
"""

import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from taggit.models import Tag, TaggedItem

from digest_site import clock
from papers.models import Generation, Paper, PaperCategory, Revision, Summary
from posts import rendering
from posts.models import DailyPost, Digest, Entry, SearchState, SearchText
from posts.search_index import row_id, store
from posts.search_tokens import facet_token, names, text_tokens
from tests.fakes import chinese, year_text

FIRST_DAY = dt.date(2018, 1, 1)
POOL = 400
TOPICS = ["语音识别", "语音合成", "声音转换", "说话人识别", "音乐生成", "语音增强", "音频编解码", "情感识别"]
CATEGORIES = [["cs.SD", "eess.AS"], ["eess.AS", "cs.SD", "cs.LG"], ["cs.CL", "eess.AS"], ["cs.SD", "cs.MM"]]
CHUNK = 50


class Text:
    """One abstract of the pool in both languages."""

    def __init__(self, random: Random) -> None:
        self.english = year_text.abstract(random)
        self.chinese = chinese.translate(self.english)
        parts = (self.english + " ") * 4
        self.reading = "\n\n".join(
            f"## {head}\n\n{chinese.translate(parts)}\n\n- 编码器：$h_t = f(x_t)$\n- 损失：$\\mathcal{{L}} = \\sum_t \\ell_t$"
            for head in ("研究背景与既有方法的问题", "核心方法", "任务与效果")
        )
        self.tokens = text_tokens(
            rendering.plain(self.chinese), rendering.plain(self.english), *names(self.reading)
        )


def pool(seed: int = 1) -> list[Text]:
    random = Random(seed)
    return [Text(random) for _ in range(POOL)]


def fill(days: int, a_day: int = 20, *, readings: bool = True) -> None:
    """`days` published days of `a_day` public papers each, in the digest `speech`; tables must be empty of papers."""
    digest = Digest.objects.get(slug="speech")
    texts, random = pool(), Random(2)
    tags = [Tag.objects.get_or_create(name=name)[0] for name in TOPICS]
    for start in range(0, days, CHUNK):
        with transaction.atomic():
            _days(digest, range(start, min(start + CHUNK, days)), a_day, texts, random, readings)
            _tag(range(start * a_day + 1, min(start + CHUNK, days) * a_day + 1), tags)
    Generation.bump()
    analyse()


def analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def date_of(day: int) -> dt.date:
    return FIRST_DAY + dt.timedelta(days=day)


def _moment(day: int) -> dt.datetime:
    return dt.datetime.combine(date_of(day), dt.time(0, 50), tzinfo=dt.UTC)


def _days(digest: Digest, days: range, a_day: int, texts: list[Text], random: Random, readings: bool) -> None:
    made: dict[type[models.Model], list[Any]] = {
        kind: [] for kind in (DailyPost, Paper, PaperCategory, Summary, Revision, Entry)
    }
    for day in days:
        made[DailyPost].append(_post(digest, day, a_day))
        for position in range(1, a_day + 1):
            number = day * a_day + position
            text = random.choice(texts)
            paper = _paper(number, day, text, random)
            made[Paper].append(paper)
            made[PaperCategory] += [PaperCategory(paper=paper, code=code) for code in paper.categories]
            made[Summary].append(Summary(pk=number, paper=paper))
            made[Revision].append(_revision(number, paper, text, readings, _moment(day)))
            made[Entry].append(
                Entry(pk=number, post_id=day + 1, digest=digest, paper=paper, position=position)
            )
    for kind, rows in made.items():
        kind.objects.bulk_create(rows, batch_size=500)
    first, last = made[Summary][0].pk, made[Summary][-1].pk
    for day in days:
        shown = {"public_since": _moment(day), "public_changed_at": _moment(day), "reviewed_at": _moment(day)}
        own = Summary.objects.filter(pk__gt=max(first - 1, day * a_day), pk__lte=min(last, (day + 1) * a_day))
        own.update(status="approved", current=models.F("pk"), public=models.F("pk"), **shown)


def _post(digest: Digest, day: int, a_day: int) -> DailyPost:
    return DailyPost(
        pk=day + 1,
        digest=digest,
        date=date_of(day),
        window_start=_moment(day - 1),
        window_end=_moment(day),
        fetched=a_day,
        status=DailyPost.Status.PUBLISHED,
        published_at=_moment(day),
        changed_at=_moment(day),
    )


def _paper(number: int, day: int, text: Text, random: Random) -> Paper:
    """Identifiers rise with the dates; ten thousand a month at most."""
    date = date_of(day)
    return Paper(
        pk=number,
        arxiv_id=f"{date:%y%m}.{number % 100_000:05}",
        title=year_text.title(random),
        abstract=text.english,
        authors=year_text.authors(random),
        categories=CATEGORIES[number % len(CATEGORIES)],
        submitted=_moment(day - 1),
        updated=_moment(day - 1),
    )


def _revision(number: int, paper: Paper, text: Text, readings: bool, made_at: dt.datetime) -> Revision:
    return Revision(
        pk=number,
        summary_id=number,
        title=chinese.translate_title(paper.title),
        abstract=text.chinese,
        reading=text.reading if readings else "",
        paper_version=1,
        made_at=made_at,
    )


def _tag(papers: range, tags: list[Tag]) -> None:
    kind = ContentType.objects.get_for_model(Paper)
    TaggedItem.objects.bulk_create(
        [TaggedItem(tag=tags[number % len(tags)], content_type=kind, object_id=number) for number in papers],
        batch_size=500,
    )


def index() -> None:
    """Fill the search index with what `fill` made, faster than paper by paper."""
    by_english = {text.english: text.tokens for text in pool()}
    for rows in _batches(by_english):
        with transaction.atomic():
            store(rows)
    number = Generation.objects.values_list("number", flat=True).get()
    done = {"generation": number, "whole": number, "looked_at": clock.now()}
    SearchState.objects.update_or_create(pk=1, defaults=done)
    analyse()


def _batches(tokens: dict[str, list[str]]) -> Iterator[list[SearchText]]:
    papers = Paper.objects.order_by("pk").iterator(chunk_size=2000)
    titles = dict(Revision.objects.values_list("pk", "title"))
    batch: list[SearchText] = []
    for paper in papers:
        batch.append(_row(paper, titles[paper.pk], tokens[paper.abstract]))
        if len(batch) == 2000:
            yield batch
            batch = []
    yield batch


def _row(paper: Paper, title: str, tokens: list[str]) -> SearchText:
    facets = {
        "digest": ["speech"],
        "category": paper.categories,
        "tag": [TOPICS[paper.pk % len(TOPICS)]],
        "author": paper.authors,
        "month": [f"20{paper.arxiv_id[:2]}-{paper.arxiv_id[2:4]}"],
    }
    words = text_tokens(title, paper.title, paper.arxiv_id, *paper.authors, *facets["tag"])
    marks = [facet_token(kind, value) for kind, values in facets.items() for value in values]
    return SearchText(
        pk=row_id(paper.arxiv_id),
        paper=paper,
        revision_id=paper.pk,
        seen_at=paper.submitted + dt.timedelta(days=1),
        facets=facets,
        tokens=" ".join([*words, *tokens, *marks]),
    )
