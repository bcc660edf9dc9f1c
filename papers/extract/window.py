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


# First match decides; the number is what a section is worth to somebody who explains the paper.
WORTH = (
    (
        0,
        r"acknowledg|funding|author contribution|contributions? of (the )?authors|conflict|competing interest|keywords",
    ),
    (
        1,
        r"appendi|supplement|additional (results|details|experiments)|data availability|broader impact|ethic|checklist",
    ),
    (2, r"related|background|prior (work|art)|literature|preliminar|previous work|notation"),
    (3, r"limitation|future|discussion|outline"),
    (4, r"introduction|motivation"),
    (6, r"abstract|conclu|summary"),
)
CORE = 5  # methods, models, experiments, results and whatever authors call them
FRONT = 7  # title and front matter
LETTERED = re.compile(r"^(?:appendix\s+)?[A-Z](?:\.\d+)*[.:]?\s+\S", re.IGNORECASE)
NUMBER = re.compile(r"^(?:section\s+)?(\d+|[A-Z])\.\d")
PLAIN_NUMBER = re.compile(r"^\d+[.\s]")
LEFT_OUT = "[Left out here: {}]"
LEAST_PIECE = 0.02  # of the budget; a smaller piece of a section helps nobody


def fit(source: Sectioned | str, budget_tokens: int, estimate: Estimate) -> Fitted:
    """Cut at section borders until ``estimate(text) <= budget_tokens``.

    Acknowledgements go first, then appendices, related work, discussion; methods, results, abstract and
    conclusion stay longest. When even those are too long, the longest is cut at a paragraph border. Each
    gap is marked in the text. Raises ``ValueError`` for a budget in which not one paragraph fits.
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
    for heading, start, end in zip(headings, starts, starts[1:], strict=True):
        piece = text[start:end].strip()
        if piece:
            parts.append(Part(heading, piece, worth_of(heading, parts)))
    return parts


def worth_of(heading: str, before: list[Part]) -> int:
    """By its words; a subsection is worth what its section is; what follows an appendix is one too."""
    if not heading:
        return FRONT
    parent = parent_of(heading, before)
    if parent:
        return parent.worth
    if before and before[-1].worth == 1 and not PLAIN_NUMBER.match(heading):
        return 1
    named = next((worth for worth, words in WORTH if re.search(words, heading, re.IGNORECASE)), None)
    if named is None and LETTERED.match(heading) and any(part.worth == 6 for part in before[2:]):
        return 1
    return CORE if named is None else named


def parent_of(heading: str, before: list[Part]) -> Part | None:
    number = NUMBER.match(heading)
    if not number:
        return None
    opening = re.compile(rf"(?:appendix\s+)?{number[1]}[.:]?\s", re.IGNORECASE)
    return next((part for part in reversed(before) if opening.match(part.heading)), None)


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
            raise ValueError(f"a budget of {self.budget} tokens holds no paragraph of this text")
        excess = self.estimate(self.text()) - self.budget
        self.keep_start(index, max(0, sizes[index] - max(excess, 1)))

    def keep_start(self, index: int, budget: int) -> None:
        paragraphs = self.kept[index].split("\n\n")
        kept = paragraphs[: self.count_within(paragraphs, budget)]
        whole = len(self.parts[index].text)
        text = "\n\n".join(kept)
        if (
            self.estimate(text) < LEAST_PIECE * self.budget
            or kept == paragraphs[:1] != paragraphs[:0]
            and is_bare(kept, self.parts[index])
        ):
            del self.kept[index]
            self.shortened.pop(index, None)
            return
        self.kept[index] = text
        self.shortened[index] = whole - len(text)

    def count_within(self, paragraphs: list[str], budget: int) -> int:
        """How many paragraphs from the start fit; at least one fewer than there are."""
        total = 0
        for count, paragraph in enumerate(paragraphs[:-1]):
            total += self.estimate(paragraph) + 1
            if total > budget:
                return count
        return len(paragraphs) - 1

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


def is_bare(kept: list[str], part: Part) -> bool:
    return kept[0].strip() == part.heading.strip()
