"""Which headings make sense together: numbers that ascend, a table of contents told from the sections themselves,
where the reference list begins and ends."""

import re
from collections import Counter
from typing import NamedTuple

from . import headings
from .headings import Style
from .lines import Line

CONTENTS = re.compile(r"^(?:table of )?contents$|^目录$", re.IGNORECASE)
PAGE_AT_END = re.compile(r"[\s.]*\d{1,3}$")
LONGEST_CONTENTS = 400  # lines
MOST_CANDIDATES = 500
ROMAN = {"I": 1, "V": 5, "X": 10}
STEP = 2  # one heading in between may have been missed
FEW = 3
LEAST_CITED, MOST_CITED = 0.16, 0.5
ENTRY = re.compile(r"^\[(\d{1,3})\]\s*\S")
LONGEST_ENTRY, TIGHT = 14, 1.5


class Candidate(NamedTuple):
    """``at``: the line's index. ``kind``: 1 arabic, R roman, A letter. ``path``: the number's parts, letters from A = 1.
    ``dotted``: a point follows the number."""

    at: int
    kind: str
    path: tuple[int, ...]
    dotted: bool = False


def marked(lines: list[Line], style: Style) -> list[int]:
    """Indices of heading lines, second halves of long ones included."""
    candidates = [found for index, line in enumerate(lines) if (found := candidate(index, line, style))]
    numbered = consistent(candidates[:MOST_CANDIDATES])
    firsts = sorted({*unnumbered(lines, style, len(numbered) >= FEW), *(found.at for found in numbered)})
    halves = {
        i + 1 for i in firsts if i + 1 < len(lines) and headings.is_second_half(lines[i], lines[i + 1], style)
    }
    return sorted({*firsts, *halves})


def unnumbered(lines: list[Line], style: Style, numbered: bool) -> list[int]:
    """Of those that stand there more than once ("Method" heads a column of many tables) only reference lists."""
    found = [i for i, line in enumerate(lines) if headings.is_unnumbered(line, style, numbered=numbered)]
    times = Counter(lines[i].text.casefold() for i in found)
    return [
        i
        for i in found
        if times[lines[i].text.casefold()] == 1 or headings.REFERENCES.match(headings.title_of(lines[i].text))
    ]


def candidate(index: int, line: Line, style: Style) -> Candidate | None:
    if not headings.is_candidate(line, style):
        return None
    match = headings.NUMBERED.match(headings.title_of(line.text))
    number = match[1] if match else ""
    head, *rest = number.split(".")
    parts = tuple(int(part) for part in rest)
    if head.isdigit():
        return Candidate(index, "1", (int(head), *parts), f"{number}." in line.text)
    if not parts and set(head) <= set(ROMAN) and line.text[len(head) : len(head) + 1] == ".":
        return Candidate(index, "R", (roman(head),))
    return Candidate(index, "A", (ord(head) - 64, *parts)) if len(head) == 1 else None


def roman(numeral: str) -> int:
    values = [ROMAN[letter] for letter in numeral]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def consistent(candidates: list[Candidate]) -> list[Candidate]:
    """The longest ascending run of main sections, the subsections that fit between them, the appendices after."""
    main = main_sections([c for c in candidates if len(c.path) == 1])
    if not main:
        return []
    kept = list(main)
    for section, following in zip(main, [*main[1:], None], strict=True):
        end = following.at if following else candidates[-1].at + 1
        inside = [c for c in candidates if section.at < c.at < end]
        highest = following.path[0] if following else section.path[0] + 1
        kept += subsections(inside, section, highest)
    last = main[-1].at
    return kept + appendices([c for c in candidates if c.at > last and c.kind != "1"])


def main_sections(candidates: list[Candidate]) -> list[Candidate]:
    """A paper writes "2." or "2" throughout: of equally long runs the one of a single style ("2 LSTM" is a figure's)."""
    arabics = [c for c in candidates if c.kind == "1"]
    styles = [[c for c in arabics if c.dotted is dotted] for dotted in (True, False)]
    return max(map(chain, [*styles, arabics, [c for c in candidates if c.kind == "R"]]), key=len)


def chain(candidates: list[Candidate]) -> list[Candidate]:
    """Longest run 1, 2, 3 … ; of equally long ones the last, since a table of contents comes first."""
    best: dict[int, list[Candidate]] = {}
    for found in reversed(candidates):
        number = found.path[0]
        tail = max((best.get(number + step, []) for step in range(1, STEP + 1)), key=len)
        if len(tail) + 1 > len(best.get(number, [])):
            best[number] = [found, *tail]
    return max((run for number, run in best.items() if number <= STEP), key=len, default=[])


def subsections(inside: list[Candidate], section: Candidate, highest: int) -> list[Candidate]:
    """Under "3": 3.1, 3.2, 3.2.1 …; under "III.": A., B. …"""
    kept: list[Candidate] = []
    if section.kind == "R":
        return chain([c for c in inside if c.kind == "A" and len(c.path) == 1])
    for found in inside:
        fits = found.kind == "1" and len(found.path) > 1 and section.path[0] <= found.path[0] < highest
        if fits and (not kept or found.path > kept[-1].path):
            kept.append(found)
    return kept


def appendices(after: list[Candidate]) -> list[Candidate]:
    """A, A.1, A.2, B …: ascending, no letter far from the one before. "I." may be the letter."""
    kept: list[Candidate] = []
    for found in after:
        path = (9,) if found.kind == "R" and found.path == (1,) else found.path
        if found.kind == "R" and path != (9,):
            continue
        last = kept[-1].path if kept else (0,)
        if path > last and path[0] - last[0] <= STEP:
            kept.append(found._replace(path=path))
    return kept


def without_contents(lines: list[Line]) -> list[Line]:
    """Without the table of contents: from its heading to where its first entry comes again as a heading."""
    start = next((index for index, line in enumerate(lines) if CONTENTS.match(line.text)), len(lines))
    first = PAGE_AT_END.sub("", lines[start + 1].text).casefold() if start + 1 < len(lines) else ""
    ahead = range(start + 2, min(start + LONGEST_CONTENTS, len(lines)))
    again = next((index for index in ahead if lines[index].text.casefold() == first), start)
    return lines[:start] + lines[again:]


def references_span(lines: list[Line], marks: list[int]) -> tuple[int, int]:
    """First and last + 1 line of the reference list, twice the same where there is none.

    The real list is followed by what looks like references; physicists' has no heading at all.
    """
    for index in reversed(marks):
        named = headings.REFERENCES.match(headings.title_of(lines[index].text))
        if named and headings.cited_share(lines[index + 1 : index + 25]) > LEAST_CITED:
            return index, end_of_references(lines, marks, index)
    return unheaded_references(lines, marks)


def end_of_references(lines: list[Line], marks: list[int], start: int) -> int:
    """The next heading whose text is no longer a list of references (an appendix), or the end."""
    for index in marks:
        if index > start and headings.cited_share(lines[index + 1 : index + 12]) < MOST_CITED:
            return index
    return len(lines)


def unheaded_references(lines: list[Line], marks: list[int]) -> tuple[int, int]:
    """Entries [1], [2], [3] … that follow each other at the beginnings of lines, in the latter part of the text."""
    entries = [
        (index, int(match[1])) for index, line in enumerate(lines) if (match := ENTRY.match(line.text))
    ]
    firsts = [index for index, number in entries if number == 1 and index > len(lines) / 3]
    for first in reversed(firsts):
        last, count = first, 1
        for index, number in entries:
            if number == count + 1 and last < index <= last + LONGEST_ENTRY:
                last, count = index, number
        if count >= FEW and headings.cited_share(lines[first : last + 3]) > LEAST_CITED:
            following = next((mark for mark in marks if mark > last), len(lines))
            return first, min(following, end_of_entry(lines, last))
    return len(lines), len(lines)


def end_of_entry(lines: list[Line], start: int) -> int:
    """The last entry's lines are set as tightly as its first."""
    index = start + 1
    while (
        index < min(start + LONGEST_ENTRY, len(lines))
        and 0 < lines[index - 1].y0 - lines[index].y0 < TIGHT * lines[start].height
    ):
        index += 1
    return index
