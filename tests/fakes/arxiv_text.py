"""Small things that all of the fake arXiv's pages need: dates as arXiv prints them, lines, optional elements."""

from datetime import UTC, date, datetime, time, timedelta
from xml.sax.saxutils import escape

from tests.fakes.arxiv_world import EASTERN, FakePaper, Version


def zulu(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def long_date(day: date) -> str:
    return f"{day.strftime('%A')}, {day.day} {day.strftime('%B %Y')}"


def midnight_build(day: date, seconds: int = 2) -> datetime:
    """When the feed of a day is built: seconds after midnight in New York."""
    return datetime.combine(day, time(), EASTERN) + timedelta(seconds=seconds)


def size_kb(paper: FakePaper, version: Version) -> int:
    """A believable size that is always the same for the same version."""
    return 120 + sum(map(ord, paper.arxiv_id)) * 7 % 2400 + 31 * version.number


def wrapped(text: str | None, width: int = 76, indent: str = "") -> str:
    """Broken into lines, as the old serialisation has titles and abstracts."""
    lines, line = [], ""
    for word in (text or "").split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def optional(tag: str, text: str | None, attributes: str = "") -> list[str]:
    if not text:
        return []
    return [f"<{tag}{' ' if attributes else ''}{attributes}>{escape(one_line(text))}</{tag}>"]
