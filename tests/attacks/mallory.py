"""Mallory writes a paper and answers for the model: every field is an attack, and `harm` says whether one worked.

`harm` reads a page with html5lib, which builds the tree that a browser would build.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
from lxml import etree

from papers.models import Finding, Job, LLMCall, ReviewEvent, Summary, Term
from posts.models import Report
from tests import base

NAMESPACE = "{http://www.w3.org/1999/xhtml}"
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
URLS = {"href", "src", "action", "formaction", "data", "srcdoc", "xlink:href", "poster", "background"}
SCHEMES = ("", "http", "https", "mailto", "data")


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
        message=PAYLOAD, fingerprint="mallory",
    )  # fmt: skip
    Report.objects.create(paper=summary.paper, sentence=PAYLOAD, message=PAYLOAD, contact=SHORT)
    Term.objects.create(english=SHORT, chinese=SHORT)
    ReviewEvent.record(summary, "edited", "needs_review", "needs_review", base.chief(), PAYLOAD)


def harm(content: str, kind: str) -> list[str]:
    """What of Mallory's would act in a reader's browser; empty when all of it is only text."""
    if "json" in kind:
        return [
            found for text in strings(json.loads(content)) if looks_like_html(text) for found in acting(text)
        ]
    if "xml" in kind or "svg" in kind:
        return [found for text in embedded(content) for found in acting(text)]
    return acting(content) if "html" in kind else []


def looks_like_html(text: str) -> bool:
    """JSON twins carry text; only what they call HTML is read as HTML by anybody."""
    return text.lstrip().startswith(("<p", "<h", "<ul", "<div"))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)


def embedded(content: str) -> Iterator[str]:
    """The document itself, and the HTML that feeds carry as text."""
    root = etree.fromstring(content.encode(), etree.XMLParser(resolve_entities=False))
    yield from (node.text or "" for node in root.iter() if node.get("type") == "html")
    yield from (node.text or "" for node in root.iter("{http://purl.org/rss/1.0/modules/content/}encoded"))
    for node in root.iter(etree.Element):
        assert "mallory" not in str(node.tag), content[:200]
        assert not any(name.startswith("on") for name in node.attrib), node.attrib


def acting(page: str) -> list[str]:
    tree = html5lib.parse(page, namespaceHTMLElements=True)
    return [f"{tag_of(node)} {wrong}" for node in tree.iter() for wrong in wrongs(node)]


def tag_of(node: Element) -> str:
    return str(node.tag).split("}")[-1]


def wrongs(node: Element) -> Iterator[str]:
    tag = tag_of(node)
    if tag in ("mallory", "iframe", "base", "annotation-xml", "object", "embed"):
        yield "stands on the page"
    if tag == "script" and not own_script(node):
        yield "runs inline"
    if tag == "style" or "style" in node.attrib:
        yield "styles inline"
    for name, value in node.attrib.items():
        if name.startswith("on"):
            yield f"listens with {name}"
        if name in URLS and leads_astray("".join(value.split()), tag):
            yield f"leads to {value[:60]}"


def leads_astray(url: str, tag: str) -> bool:
    """To a script, or, without a click, to Mallory's machine: that is tracking. Links may lead anywhere."""
    parts = urlsplit(url)
    fetched = tag not in ("a", "area") and parts.netloc == "evil.example"
    return parts.scheme.lower() not in SCHEMES or url.startswith("data:text") or fetched


def own_script(node: Element) -> bool:
    """A file of ours, or data that no browser runs."""
    return node.get("src", "").startswith(("/static/", "/admin/jsi18n/")) or node.get("type") in (
        "application/json",
        "application/ld+json",
    )
