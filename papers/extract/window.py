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
LEAST_PIECE = 0.02  # of the budget; a smaller piece of a section helps nobody


def fit(source: Sectioned | str, budget_tokens: int, estimate: Estimate) -> Fitted:
    """Cut at section borders until ``estimate(text) <= budget_tokens``.

    Acknowledgements go first, then appendices, related work, discussion; methods, results, abstract and
    conclusion stay longest. When even those are too long, the longest is cut at a paragraph border (a lone paragraph at
    a sentence's end). Each gap is marked in the text. Raises ``ValueError`` for a budget in which nothing fits.
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
    """One cut, step by step: drop whole sections by worth, take back what still fits, then shorten."""

    def __init__(self, parts: list[Part], budget: int, estimate: Estimate) -> None:
        self.parts, self.budget, self.estimate = parts, budget, estimate
        self.kept: dict[int, str] = {index: part.text for index, part in enumerate(parts)}
        self.shortened: dict[int, int] = {}

    def result(self) -> Fitted:
        dropped = self.drop()
        self.take_back(dropped)
        while not self.fits():
            self.shorten()
        return Fitted(self.text(), self.cut())

    def drop(self) -> list[int]:
        """Least worth first, of equals the last; the core stays."""
        dropped: list[int] = []
        order = sorted(range(len(self.parts)), key=lambda index: (self.parts[index].worth, -index))
        for index in order:
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

    def shorten(self) -> None:
        """Take paragraphs off the end of the longest section left."""
        sizes = {index: self.estimate(text) for index, text in self.kept.items()}
        index = max(sizes, key=lambda key: (sizes[key], key), default=-1)
        if index < 0:
            raise ValueError(f"a budget of {self.budget} tokens holds nothing of this text")
        excess = self.estimate(self.text()) - self.budget
        self.keep_start(index, max(0, sizes[index] - max(excess, 1)))

    def keep_start(self, index: int, budget: int) -> None:
        kept = self.start_of(self.kept[index], budget)
        if kept == self.parts[index].heading or self.estimate(kept) < LEAST_PIECE * self.budget:
            del self.kept[index]
            self.shortened.pop(index, None)
            return
        self.kept[index] = kept
        self.shortened[index] = len(self.parts[index].text) - len(kept)

    def start_of(self, text: str, budget: int) -> str:
        """As many paragraphs as fit, at least one fewer than there are; of a lone paragraph, sentences."""
        paragraphs = text.split("\n\n")
        if len(paragraphs) > 1:
            return "\n\n".join(paragraphs[: self.count_within(paragraphs, budget)])
        sentences = SENTENCE.split(text)
        return " ".join(sentences[: self.count_within(sentences, budget)])

    def count_within(self, pieces: list[str], budget: int) -> int:
        total = 0
        for count, piece in enumerate(pieces[:-1]):
            total += self.estimate(piece) + 1
            if total > budget:
                return count
        return len(pieces) - 1

    def fits(self) -> bool:
        return self.estimate(self.text()) <= self.budget

    def text(self) -> str:
        blocks: list[str] = []
        for index, part in enumerate(self.parts):
            if index in self.kept:
                blocks.append(self.kept[index])
            if index not in self.kept or index in self.shortened:
                blocks.append(LEFT_OUT.format(name_of(part)))
        return "\n\n".join(blocks)

    def cut(self) -> list[str]:
        lines = []
        for index, part in enumerate(self.parts):
            if index not in self.kept:
                lines.append(f"{name_of(part)} ({len(part.text)} characters)")
            elif index in self.shortened:
                lines.append(
                    f"{name_of(part)}, its end ({self.shortened[index]} of {len(part.text)} characters)"
                )
        return lines


def name_of(part: Part) -> str:
    return part.heading or "front matter"
