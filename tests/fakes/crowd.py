"""Any number of invented papers over any number of announcement dates, with small PDFs: for demos and benches."""

import datetime as dt
from collections.abc import Sequence
from random import Random

from tests.fakes import year, year_text
from tests.fakes.arxiv_world import Calendar, FakePaper, World, first_version
from tests.fakes.pdf import make_pdf

SECTIONS = ("Introduction", "Method", "Experiments", "Conclusion")


def world(
    days: Sequence[dt.date], papers_a_day: int, categories: Sequence[str] = ("cs.SD", "eess.AS")
) -> World:
    """A world that announces `papers_a_day` papers on each of `days`; set its time with `set_now`."""
    calendar = Calendar()
    papers = [
        _paper(day, number, categories, calendar) for day in days for number in range(1, papers_a_day + 1)
    ]
    return World(papers)


def days_before(newest: dt.date, number: int) -> list[dt.date]:
    """The last `number` announcement dates up to `newest`, oldest first."""
    calendar = Calendar()
    days = [newest]
    while len(days) < number:
        days.insert(0, calendar.listing_day_before(days[0]))
    return days


def _paper(day: dt.date, number: int, categories: Sequence[str], calendar: Calendar) -> FakePaper:
    random = Random(f"{day}:{number}")
    primary = random.randrange(len(categories))
    codes = [categories[primary], *([categories[primary - 1]] if random.random() < 0.5 else [])]
    # Ids rise with the date within a month, and stay far above what arXiv gives out.
    paper = FakePaper(
        arxiv_id=f"{day:%y%m}.{60000 + 1000 * day.day + number:05d}",
        title=year_text.title(random),
        abstract=year_text.abstract(random),
        authors=year_text.authors(random),
        categories=list(dict.fromkeys(codes)),
        comment="Invented paper of a demonstration",
        versions=[first_version(day, calendar)],
    )
    paper.pdf = lambda version: pdf_of(paper)
    return paper


def pdf_of(paper: FakePaper) -> bytes:
    """A PDF of a page or two whose words and numbers are the abstract's."""
    text = year.plain(paper.abstract)
    sections = [{"heading": heading, "paragraphs": [text, text]} for heading in SECTIONS]
    return make_pdf(year.plain(paper.title), map(year.plain, paper.authors), sections)
