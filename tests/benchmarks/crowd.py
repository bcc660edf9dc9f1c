"""A database full of papers in seconds: rows are made by the database itself, by INSERT … SELECT.

For benches only. What is not named gets the field's own default, so that a new column needs no change here.
"""

import datetime as dt
import json
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction

from papers.models import Finding, Paper, PaperCategory, Revision, Summary
from posts.models import DailyPost, Digest, Entry

FIRST_DAY = dt.date(2018, 1, 1)
PAPERS_A_DAY = 50

ENGLISH = (
    "We study speech recognition with self-supervised models. Our method reaches 4.2% WER on LibriSpeech, a 12% relative gain. "
    "The encoder has 24 layers and uses $O(n \\log n)$ attention. Experiments on three data sets show that it is robust to noise. "
    "Code and models are available at https://example.org/code. We also report results for AISHELL-1 and discuss limits. "
    "The cost of training is 128 GPU hours. A user study with 30 listeners confirms the result."
)
CHINESE = (
    "我们研究基于自监督模型的语音识别。我们的方法在LibriSpeech上达到4.2%的词错误率，相对改进12%。"
    "编码器有24层，使用$O(n \\log n)$的注意力。在三个数据集上的实验表明其对噪声稳健。"
    "代码和模型见https://example.org/code。我们还报告了AISHELL-1的结果并讨论局限。"
    "训练成本为128个GPU小时。30位听众的用户研究证实了这一结果。"
)
READING = "### 1. 研究背景与既有方法的问题\n\n" + "语音识别长期依赖标注数据。" * 30 + (
    "\n\n### 2. 核心方法\n\n- 编码器：$h_t = f(x_t)$\n- 损失：$\\mathcal{L} = \\sum_t \\ell_t$\n\n" + "本文提出新的目标函数。" * 30
) + "\n\n### 3. 任务与效果\n\n" + "在三个数据集上取得改进。" * 20  # fmt: skip


def fill(papers: int, *, awaiting: int, blocked: int = 20) -> None:
    """`papers` papers on consecutive dates, the newest `awaiting` of them to review, the others approved and public.

    The first `blocked` of those to review have a blocking finding. Tables must be empty of papers.
    """
    digest, _ = Digest.objects.get_or_create(
        slug="speech", defaults={"title": "语音与音频", "categories": ["cs.SD", "eess.AS"]}
    )
    first_open = papers - awaiting
    with transaction.atomic():
        _posts(digest, papers)
        _rows(
            Paper,
            papers,
            arxiv_id="'26' || substr(CAST(100000000 + i AS text), 2, 2) || '.' || substr(CAST(100000000 + i AS text), 4)",
            title="'A paper about speech number ' || i",
            abstract=_text(ENGLISH),
            authors=_json(["Ada Lovelace", "Alan Turing", "Grace Hopper"]),
            categories=_json(["eess.AS", "cs.SD"]),
        )
        _rows(PaperCategory, papers, paper="i", code="'eess.AS'")
        _rows(
            Summary,
            papers,
            paper="i",
            status=f"CASE WHEN i <= {first_open} THEN 'approved' ELSE 'needs_review' END",
            worst=f"CASE WHEN i > {first_open} AND i <= {first_open + blocked} THEN 'block' ELSE '' END",
        )
        _rows(
            Revision,
            papers,
            summary="i",
            title="'关于语音的第' || i || '篇论文'",
            abstract=_text(CHINESE),
            reading=_text(READING),
            paper_version="1",
        )
        _rows(
            Entry,
            papers,
            post=f"1 + (i - 1) / {PAPERS_A_DAY}",
            digest=str(digest.pk),
            paper="i",
            position="i",
        )
        Summary.objects.update(current=models.F("pk"))
        Summary.objects.filter(status="approved").update(public=models.F("pk"))
        Finding.objects.bulk_create(_findings(first_open + 1, blocked))
        _reset_sequences()
    _analyse()


def _posts(digest: Digest, papers: int) -> None:
    days = [FIRST_DAY + dt.timedelta(days=n) for n in range(-(-papers // PAPERS_A_DAY))]
    midnight = dt.time(tzinfo=dt.UTC)
    DailyPost.objects.bulk_create(
        [
            DailyPost(
                pk=number,
                digest=digest,
                date=day,
                window_start=dt.datetime.combine(day, midnight),
                window_end=dt.datetime.combine(day, midnight),
                fetched=PAPERS_A_DAY,
                status=DailyPost.Status.PUBLISHED,
            )
            for number, day in enumerate(days, 1)
        ]
    )


def _findings(first: int, number: int) -> list[Finding]:
    return [
        Finding(
            summary_id=pk,
            revision_id=pk,
            part="abstract",
            check_name="numbers",
            level="block",
            message="原文的 4.2% 在译文里不同",
            source_span=[80, 84],
            target_span=[40, 44],
            fingerprint=f"bench{pk}",
        )
        for pk in range(first, first + number)
    ]


def _rows(model: type[models.Model], count: int, **expressions: str) -> None:
    """`count` rows with ids from 1; the expressions are SQL over the row's number `i`."""
    fields = model._meta.concrete_fields
    values = [
        "i" if field.primary_key else expressions.get(field.name) or _default(field) for field in fields
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({columns}) '
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
            f"SELECT {', '.join(values)} FROM n"
        )


def _default(field: Any) -> str:
    if isinstance(field, models.DateTimeField) and not field.null:
        return _moment()
    value = field.get_default()
    if value is None:
        return "NULL"
    if isinstance(field, models.JSONField):
        return _json(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int | float) else _text(str(value))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _json(value: Any) -> str:
    text = _text(json.dumps(value))
    return f"CAST({text} AS jsonb)" if connection.vendor == "postgresql" else text


def _moment() -> str:
    text = "'2026-01-28 00:50:00+00'" if connection.vendor == "postgresql" else "'2026-01-28 00:50:00'"
    return f"CAST({text} AS timestamptz)" if connection.vendor == "postgresql" else text


def _reset_sequences() -> None:
    made = [Paper, PaperCategory, Summary, Revision, Entry, DailyPost]
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), made):
            cursor.execute(sql)


def _analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
