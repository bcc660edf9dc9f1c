"""From pages of lines to the paper's text: the steps that both PDF engines share.

1. drop turned lines and the stamp, put columns in order, mend split lines; 2. drop running heads;
3. drop the table of contents; 4. find headings; 5. drop the reference list, keep what follows it;
6. join lines to paragraphs. What is no language is refused before.
"""

import re
from collections import Counter
from typing import Any

from . import columns, legible, outline, tidy
from .headings import Style
from .lines import Line, Page, merged, upright
from .paragraphs import Block, Joiner
from .worker import Unfit

# "Abstract—We present", the way of IEEE: a section without a heading line.
RUN_IN_ABSTRACT = re.compile(r"^abstract\s*[.:—–-]+\s*\w", re.IGNORECASE)


def compose(pages: list[Page], engine: str, pictures: int) -> dict[str, Any]:
    """The child's answer. ``pictures``: how many pages hold an image and no text."""
    refuse_unreadable(pages, pictures)
    lines = outline.without_contents(lines_in_order(pages))
    style = Style(usual_height(lines))
    words = tidy.vocabulary(line.text for line in lines)
    marks = outline.marked(lines, style)
    start, end = outline.references_span(lines, marks)
    kept = {mark if mark < start else mark - (end - start) for mark in marks if not start <= mark < end}
    blocks = Joiner(style, words).blocks(lines[:start] + lines[end:], kept)
    return answer(blocks, engine, len(pages), notes_on(pages))


def refuse_unreadable(pages: list[Page], pictures: int) -> None:
    text = "\n".join(line.text for page in pages for line in page.lines)
    reason = legible.verdict(text)
    if reason == "empty" and pictures:
        raise Unfit("scanned", f"{pictures} of {len(pages)} pages are pictures")
    if reason:
        raise Unfit(reason, f"{len(text)} characters on {len(pages)} pages")


def lines_in_order(pages: list[Page]) -> list[Line]:
    cleaned = [page._replace(lines=[clean_line(line) for line in page.lines]) for page in pages]
    tidied = [page._replace(lines=merged(upright(page).lines)) for page in cleaned]
    ordered = [columns.in_order(page) for page in columns.without_running_heads(tidied)]
    return [line for page in ordered for line in page.lines if line.text]


def clean_line(line: Line) -> Line:
    return line._replace(text=tidy.clean(line.text))


def usual_height(lines: list[Line]) -> float:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.height, 1)] += len(line.text)
    return weights.most_common(1)[0][0] if weights else 10.0


def notes_on(pages: list[Page]) -> list[str]:
    bare = [str(number) for number, page in enumerate(pages, 1) if not page.lines]
    return [f"no text on pages {', '.join(bare)}"] if bare else []


def answer(blocks: list[Block], engine: str, pages: int, notes: list[str]) -> dict[str, Any]:
    sections, offset = [], 0
    for block in blocks:
        if block.heading:
            sections.append((block.text, offset))
        elif not sections and RUN_IN_ABSTRACT.match(block.text):
            sections.append(("Abstract", offset))
        offset += len(block.text) + 2
    text = "\n\n".join(block.text for block in blocks)
    return {"text": text, "engine": engine, "pages": pages, "sections": sections, "notes": notes}
