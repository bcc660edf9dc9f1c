"""The built-in sample edition: fourteen invented papers in two batches, with their files, translations and readings.

No paper, person, data set or figure in it exists. Ids begin at 2609.99001, far above what arXiv gives out in a month,
so that a sample never meets a real paper in one database. `papers.json` beside this file is the text to edit.
"""

import copy
import datetime as dt
import json
import re
from pathlib import Path

from tests.fakes.latexml import make_html
from tests.fakes.pdf import make_pdf

PUBLISHED_DAY = dt.date(2026, 9, 16)
DRAFT_DAY = dt.date(2026, 9, 17)
# 09:30 in Shanghai, 21:30 of the 16th in New York: the batch of the 17th was announced an hour and a half ago.
NOW = "2026-09-17T01:30:00+00:00"

_PAPERS = json.loads(Path(__file__).with_name("papers.json").read_text(encoding="utf-8"))
# What `tests.fakes.model` does for a fault; "wrong-number" is no misbehaviour of the server, only another text.
BEHAVIOURS = {"refused": "content-exists-risk", "unavailable": "error-503"}

_STAMP = "arXiv:{id}v{version} [{primary}] {day}"


def papers() -> list[dict]:
    """All papers in the order of their ids, each a fresh dictionary with these keys.

    `id`, `title`, `abstract`, `authors`, `categories` (primary first), `comment`, `licence` (URL);
    `submitted` (v1, ISO, UTC), `announced` (ISO date), `kind` ("new" or "cross");
    `versions`: one mapping per version with `version`, `submitted`, `announced`, `kind`, `comment`;
    `files`: "html", "pdf", "both" or "none"; `two_columns`;
    `sections` (`heading`, `paragraphs` with `$…$`, `$$…$$`, `[n]`, `^[footnote]`), `figures`, `references`;
    `zh_title`, `zh_abstract`, `zh_reading` (Markdown; empty when there are no files);
    `model_fault`: None, "refused", "wrong-number" (then `zh_abstract_wrong` is there too) or "unavailable".
    """
    return copy.deepcopy(_PAPERS)


def paper(arxiv_id: str) -> dict | None:
    """The sample paper with this id, with or without a version; None when there is none."""
    bare = re.sub(r"v\d+$", "", arxiv_id)
    return next((p for p in papers() if p["id"] == bare), None)


def paper_in(text: str) -> dict | None:
    """The paper whose title occurs in `text` (a prompt, an extracted full text); line breaks do not matter."""
    flat = _flat(text)
    return next((p for p in papers() if _flat(p["title"]) in flat), None)


def announced_on(day: dt.date) -> list[tuple[str, dict, dict]]:
    """What the listing of a day shows: (kind, paper, version), new before cross before replace, each by id.

    Empty for a day without a batch.
    """
    rows = [(v["kind"], p, v) for p in papers() for v in p["versions"] if v["announced"] == day.isoformat()]
    return sorted(rows, key=lambda row: ("new", "cross", "replace").index(row[0]))


def html_of(paper: dict) -> bytes | None:
    """The paper's HTML page; None (arXiv: 404) when it has none."""
    return make_html(paper) if paper["files"] in ("html", "both") else None


def pdf_of(paper: dict, version: int = 1) -> bytes | None:
    """The paper's PDF; None (arXiv: 404) when it has none."""
    if paper["files"] not in ("pdf", "both"):
        return None
    references = [f"[{n}] {text}" for n, text in enumerate(paper["references"], 1)]
    sections = [
        {"heading": "Abstract", "paragraphs": [paper["abstract"]]},
        *_with_captions(paper),
        {"heading": "References", "paragraphs": references},
    ]
    return make_pdf(
        paper["title"],
        paper["authors"],
        sections,
        paper["two_columns"],
        stamp=_stamp(paper, version),
        note=paper["comment"],
    )


def model_papers() -> list[dict]:
    """The papers as a fake model knows them: the one with the fault "wrong-number" has its wrong translation."""
    return [p | {"zh_abstract": p.get("zh_abstract_wrong", p["zh_abstract"])} for p in papers()]


def model_faults() -> dict[str, str]:
    """English title -> behaviour of `tests.fakes.model`, for the papers that the model does not answer faithfully."""
    return {p["title"]: BEHAVIOURS[p["model_fault"]] for p in papers() if p["model_fault"] in BEHAVIOURS}


def _with_captions(paper: dict) -> list[dict]:
    """The sections with figures and tables as lines of text, where TeX would have floated them."""
    sections = [dict(section, paragraphs=list(section["paragraphs"])) for section in paper["sections"]]
    for number, figure in enumerate(paper["figures"], 1):
        kind = "Table" if "rows" in figure else "Figure"
        lines = [f"{kind} {number}: {figure['caption']}", *("  ".join(row) for row in figure.get("rows", []))]
        sections[figure["section"] - 1]["paragraphs"] += lines
    return sections


def _stamp(paper: dict, version: int) -> str:
    submitted = next(v["submitted"] for v in paper["versions"] if v["version"] == version)
    day = dt.datetime.fromisoformat(submitted)
    return _STAMP.format(
        id=paper["id"],
        version=version,
        primary=paper["categories"][0],
        day=f"{day.day} {day:%b %Y}",
    )


def _flat(text: str) -> str:
    return re.sub(r"\s+", "", text).lower()
