"""A text longer than the model's window: what to leave out, and saying so."""

import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

Estimate = Callable[[str], int]


class Sectioned(Protocol):
    """What ``fit`` needs of an ``Extracted``."""

    text: str
    sections: list[tuple[str, int]]


class Fitted(NamedTuple):
    """``text`` fits; ``cut`` names what it lacks, with sizes, and is empty when nothing was cut."""

    text: str
    cut: list[str]


class Part(NamedTuple):
    heading: str
    text: str
    worth: int


FRONT, FRAME, CORE, APPENDIX = 7, 6, 5, 1
# What a section is worth to somebody who explains the paper; the first row that matches decides. The core is
# methods, models, experiments, results and whatever authors call them.
WORTH = (
    (
        0,
        r"acknowledg|funding|author contribution|contributions? of (the )?authors|conflict|competing interest|keywords",
    ),
    (APPENDIX, r"appendi|supplement|additional|data availability|broader impact|ethic|checklist|reproducib"),
    (2, r"related|background|prior (work|art)|literature|preliminar|previous work|notation"),
    (CORE, r"method|experiment|result|evaluat|introduction"),
    (3, r"limitation|future|discussion|outlook|outline"),
    (FRAME, r"abstract|conclu|summary"),
)
PARENT = re.compile(r"^(?:appendix\s+)?(\d+|[A-Z])\.\d", re.IGNORECASE)
NUMBERED = re.compile(r"^(?:\d|[IVX]+\.)")
SENTENCE = re.compile(r"(?<=[.!?。！？])\s+")
LEFT_OUT = "[Left out here: {}]"
MOST_NAMED = 4  # in one mark


def fit(source: Sectioned | str, budget_tokens: int, estimate: Estimate) -> Fitted:
    """Cut at section borders until ``estimate(text) <= budget_tokens``.

    Acknowledgements go first, then appendices, related work, discussion; methods, results, abstract and
    conclusion stay longest. When even those are too long, the longest are cut at a paragraph border (a lone
    paragraph at a sentence's end). Each gap is marked in the text. Raises ``ValueError`` for a budget in which nothing fits.
    """
    text, sections = (source, []) if isinstance(source, str) else (source.text, source.sections)
    if estimate(text) <= budget_tokens:
        return Fitted(text, [])
    parts = parts_of(text, sections)
    return Shortening(parts, budget_tokens, estimate).result()


def parts_of(text: str, sections: list[tuple[str, int]]) -> list[Part]:
    starts = [0, *(start for _, start in sections), len(text)]
    headings = ["", *(heading for heading, _ in sections)]
    parts: list[Part] = []
    for heading, start, end in zip(headings, starts[:-1], starts[1:], strict=True):
        piece = text[start:end].strip()
        if piece:
            parts.append(Part(heading, piece, worth_of(heading, parts)))
    return parts


def worth_of(heading: str, before: list[Part]) -> int:
    """By its words; a subsection is worth what its section is; what follows the conclusion without a number is appendix."""
    if not heading:
        return FRONT
    parent = parent_of(heading, before)
    if parent:
        return parent.worth
    named = next((worth for worth, words in WORTH if re.search(words, heading, re.IGNORECASE)), CORE)
    if named >= CORE and not NUMBERED.match(heading) and is_after_the_end(before):
        return APPENDIX
    return named


def parent_of(heading: str, before: list[Part]) -> Part | None:
    number = PARENT.match(heading)
    if not number:
        return None
    opening = re.compile(rf"(?:appendix\s+)?{number[1]}[.:]?\s", re.IGNORECASE)
    return next((part for part in reversed(before) if opening.match(part.heading)), None)


def is_after_the_end(before: list[Part]) -> bool:
    """Behind a conclusion, or behind an appendix."""
    closing = (part.worth == APPENDIX or re.search("conclu", part.heading, re.IGNORECASE) for part in before)
    return any(closing)


class Shortening:
    """One cut, step by step: drop whole sections by worth, take back what still fits, then shorten the longest."""

    def __init__(self, parts: list[Part], budget: int, estimate: Estimate) -> None:
        self.parts, self.budget, self.estimate = parts, budget, estimate
        self.kept: dict[int, str] = {index: part.text for index, part in enumerate(parts)}

    def result(self) -> Fitted:
        self.take_back(self.drop())
        if not self.fits():
            self.level_down()
        return Fitted(self.text(), self.cut())

    def drop(self) -> list[int]:
        """Least worth first, of equals the last; the core stays."""
        dropped: list[int] = []
        for index in sorted(self.kept, key=lambda index: (self.parts[index].worth, -index)):
            if self.parts[index].worth >= CORE or self.fits():
                break
            del self.kept[index]
            dropped.append(index)
        return dropped

    def take_back(self, dropped: list[int]) -> None:
        """A long appendix may have taken short sections of more worth with it."""
        for index in reversed(dropped):
            self.kept[index] = self.parts[index].text
            if not self.fits():
                del self.kept[index]

    def level_down(self) -> None:
        """No section longer than a level, which sinks until all fit: methods and results both keep their start."""
        sizes = {index: self.estimate(text) for index, text in self.kept.items()}
        level = min(max(sizes.values()), self.budget)
        while not self.fits():
            for index in [index for index, size in sizes.items() if size > level]:
                self.keep_start(index, level)
            level = level * 9 // 10
            if level < 1 and not self.fits():
                raise ValueError(f"a budget of {self.budget} tokens holds nothing of this text")

    def keep_start(self, index: int, level: int) -> None:
        start = self.start_of(self.parts[index].text, level)
        if start in ("", self.parts[index].heading):
            self.kept.pop(index, None)
        else:
            self.kept[index] = start

    def start_of(self, text: str, level: int) -> str:
        """As many paragraphs as fit, at least one fewer than there are; where none does, sentences."""
        paragraphs = text.split("\n\n")
        count = self.count_within(paragraphs, level)
        if count > 1:  # one alone may be the heading
            return "\n\n".join(paragraphs[:count])
        sentences = SENTENCE.split(text)
        return " ".join(sentences[: self.count_within(sentences, level)])

    def count_within(self, pieces: list[str], level: int) -> int:
        total = 0
        for count, piece in enumerate(pieces[:-1]):
            total += self.estimate(piece) + 1
            if total > level:
                return count
        return len(pieces) - 1

    def fits(self) -> bool:
        return bool(self.kept) and self.estimate(self.text()) <= self.budget

    def text(self) -> str:
        """What is kept, with one mark in each gap."""
        blocks: list[str] = []
        gap: list[str] = []
        for index, part in enumerate(self.parts):
            kept = self.kept.get(index, "")
            if kept:
                blocks += [*marks(gap), kept]
                gap = []
            if kept != part.text:
                gap.append(name_of(part))
        return "\n\n".join([*blocks, *marks(gap)])

    def cut(self) -> list[str]:
        lines = []
        for index, part in enumerate(self.parts):
            lost, whole = len(part.text) - len(self.kept.get(index, "")), len(part.text)
            if lost == whole:
                lines.append(f"{name_of(part)} ({whole} characters)")
            elif lost:
                lines.append(f"{name_of(part)}, its end ({lost} of {whole} characters)")
        return lines


def marks(gap: list[str]) -> list[str]:
    if not gap:
        return []
    more = f" and {len(gap) - MOST_NAMED} more" if len(gap) > MOST_NAMED else ""
    return [LEFT_OUT.format("; ".join(gap[:MOST_NAMED]) + more)]


def name_of(part: Part) -> str:
    return part.heading or "front matter"
