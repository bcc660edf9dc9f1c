"""A simulated year of announcements, the same for the same seed: the ground on which completeness is measured.

It has weekends, arXiv's holidays, both changes of the clock, papers that moderators hold for days or weeks, later
cross-lists (of papers that nobody who follows the categories could see before, too), replacements up to v7,
withdrawals, an API index that lags for hours, listings and feeds that are stale on some days, throttling and
downtime. `World.batch` of its world is the truth.

Daily volumes are the real ones of cs.SD and eess.AS where the lists are at hand, else the means by weekday of the
same nine months.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from random import Random

from tests.fakes import replay, year_text
from tests.fakes.arxiv_world import (
    CC_BY,
    NONEXCLUSIVE,
    ONE_DAY,
    Calendar,
    Clock,
    FakePaper,
    Version,
    World,
    eastern,
)
from tests.fakes.pdf import make_pdf
from tests.fakes.year_weather import Weather, episodes, outages

__all__ = ["DAYS", "FIRST", "Weather", "episodes", "outages", "world"]


FIRST, DAYS = date(2026, 1, 1), 365
# Mean (new with cross-lists, replaced) of cs.SD and eess.AS by weekday, May 2025 to January 2026.
PROFILE = {0: (14.6, 7.1), 1: (29.5, 14.6), 2: (18.9, 7.9), 3: (13.9, 8.6), 4: (15.0, 7.9)}
IDS_A_DAY = 1300  # all of arXiv
LAGS = (0.3, 1, 1, 2, 2, 3, 4, 6, 10, 26)  # hours until the API's index has a batch
ELSEWHERE = ("cs.CL", "cs.LG", "cs.AI", "cs.MM", "cs.HC", "eess.SP", "cs.IT", "eess.SY")
WITHDRAWN = "This paper has been withdrawn by the authors due to an error in Table 2"


def world(
    seed: int = 1,
    first: date = FIRST,
    days: int = DAYS,
    categories: Sequence[str] = ("cs.SD", "eess.AS"),
    scale: float = 1.0,
    now: Clock | datetime | None = None,
    quiet: bool = False,
    real_volumes: bool = True,
) -> World:
    """A year that stands at noon (UTC) of its first day. `scale` multiplies the volumes; `quiet` leaves out the bad days."""
    maker = _Maker(seed, first, days, categories, scale, real_volumes)
    weather = Weather([] if quiet else episodes(seed, maker.listing_days))
    return World(maker.papers(), now or eastern(first, 7), weather=weather)


class _Maker:
    """Builds the papers of a year day by day; every choice comes from one generator."""

    def __init__(
        self, seed: int, first: date, days: int, categories: Sequence[str], scale: float, real_volumes: bool
    ) -> None:
        self.random = Random(f"{seed} papers")
        self.categories = list(categories)
        self.calendar = Calendar()
        last = first + (days - 1) * ONE_DAY
        self.listing_days = [d for n in range(days) if self.calendar.is_listing_day(d := first + n * ONE_DAY)]
        self.volumes = _volumes(seed, first, days, scale, self.calendar, real_volumes)
        self.last = last
        self.numbers: Counter[str] = Counter()
        self.recent: list[FakePaper] = []
        self.restless: list[FakePaper] = []
        self.everything: list[FakePaper] = []
        self.listed_on: dict[str, set[date]] = defaultdict(set)

    def papers(self) -> list[FakePaper]:
        self._prehistory()
        for day in self.listing_days:
            new, replaced = self.volumes[day]
            lag = self.random.choice(LAGS)
            if self.random.random() < 0.25:
                self._outsider(day)
            born = sorted(self.random.sample(range(2, IDS_A_DAY), new))
            for offset in born:
                self._new_paper(day, offset, lag)
            self.numbers[f"{day:%y%m}"] += IDS_A_DAY
            for _ in range(replaced):
                self._replacement(day, lag)
        return self.everything

    def _prehistory(self) -> None:
        """Papers of the year before: what replacements and late cross-lists need."""
        first = self.listing_days[0]
        back = sorted((self.random.randint(5, 330) for _ in range(160)), reverse=True)
        for days in back:
            day = self.calendar.listing_day_before(first - days * ONE_DAY)
            self.numbers[f"{day:%y%m}"] += self.random.randint(60, 120)
            self._new_paper(day, self.random.randint(1, 50), 0)

    def _new_paper(
        self, day: date, offset: int, lag: float, categories: list[str] | None = None
    ) -> FakePaper:
        month = f"{day:%y%m}"
        random = self.random
        paper = FakePaper(
            f"{month}.{self.numbers[month] + offset:05d}",
            year_text.title(random),
            year_text.abstract(random),
            year_text.authors(random),
            categories or self._categories(),
            comment=year_text.comment(random),
            licence=random.choice((NONEXCLUSIVE, NONEXCLUSIVE, CC_BY)),
            versions=[Version(1, self._submission(day), day, api_lag=self._lag(lag))],
            pdf_from=random.choice((0, 2, 4, 7, 20)),
        )
        paper.pdf = partial(_pdf, paper) if random.random() < 0.97 else None
        self._cross_later(paper, day)
        self.everything.append(paper)
        self.recent.append(paper)
        self.listed_on[paper.arxiv_id].add(day)
        return paper

    def _categories(self) -> list[str]:
        """Half with the first category as primary, a quarter with another followed one, a quarter cross-lists."""
        followed, dice = self.categories, self.random.random()
        if dice < 0.5:
            chosen = [
                followed[0],
                *self.random.sample(followed[1:], self.random.randint(0, len(followed) - 1)),
            ]
        elif dice < 0.78:
            chosen = self.random.sample(followed, min(2, len(followed)))[::-1]
        else:
            chosen = [self.random.choice(ELSEWHERE), self.random.choice(followed)]
        if self.random.random() < 0.4:
            chosen.append(self.random.choice(ELSEWHERE))
        return list(dict.fromkeys(chosen))

    def _submission(self, day: date) -> datetime:
        """In the batch's window, or days to weeks earlier when a moderator held the paper."""
        dice = self.random.random()
        held = (
            self.random.randint(5, 26) if dice < 0.015 else self.random.randint(1, 4) if dice < 0.075 else 0
        )
        first, end = self.calendar.window(
            self.calendar.listing_day_before(day - held * ONE_DAY) if held else day
        )
        return first + timedelta(seconds=int(self.random.random() * (end - first).total_seconds()))

    def _lag(self, lag: float) -> float:
        return round(lag * self.random.uniform(0.3, 1), 3)

    def _cross_later(self, paper: FakePaper, day: date) -> None:
        missing = [code for code in self.categories if code not in paper.categories]
        if not missing or self.random.random() > 0.02:
            return
        later = self.calendar.listing_day_after(day + self.random.randint(2, 40) * ONE_DAY)
        if self.listing_days[0] <= later <= self.last:
            paper.cross_listed[missing[0]] = later
            self.listed_on[paper.arxiv_id].add(later)

    def _outsider(self, day: date) -> None:
        """A paper of another field that is cross-listed to a followed category some time later."""
        later = self.calendar.listing_day_after(day + self.random.randint(1, 90) * ONE_DAY)
        if later <= self.last:
            paper = self._new_paper(day, 1, 0, [self.random.choice(ELSEWHERE)])
            paper.cross_listed = {self.random.choice(self.categories): later}
            self.recent.remove(paper)

    def _replacement(self, day: date, lag: float) -> None:
        paper = self._replaceable(day)
        if paper is None:
            return
        random, previous = self.random, paper.versions[-1]
        version = Version(previous.number + 1, self._after(previous, day), day, api_lag=self._lag(lag))
        if random.random() < 0.01:
            version = replace(version, withdrawn=True, comment=WITHDRAWN, abstract=WITHDRAWN + ".")
        else:
            title = year_text.title(random) if random.random() < 0.12 else previous.title
            abstract = year_text.abstract(random) if random.random() < 0.35 else previous.abstract
            version = replace(version, title=title, abstract=abstract)
        paper.versions.append(version)
        if version.number == 4:
            self.restless.append(paper)
        self.listed_on[paper.arxiv_id].add(day)

    def _replaceable(self, day: date) -> FakePaper | None:
        """A paper that may have a next version today; newer ones more often."""
        for _ in range(20):
            paper = self.random.choice(self._pool())
            last = paper.versions[-1]
            busy = day in self.listed_on[paper.arxiv_id] or last.announced >= day
            if not busy and last.number < 7 and not last.withdrawn:
                return paper
        return None

    def _pool(self) -> list[FakePaper]:
        """Authors who replace once replace again; most do so within two months."""
        dice = self.random.random()
        if dice < 0.12 and self.restless:
            return self.restless
        return self.recent[-600:] if dice < 0.75 else self.recent

    def _after(self, previous: Version, day: date) -> datetime:
        first, end = self.calendar.window(day)
        first = max(first, previous.submitted + timedelta(minutes=10))
        return first + timedelta(seconds=int(self.random.random() * (end - first).total_seconds()))


def _volumes(
    seed: int, first: date, days: int, scale: float, calendar: Calendar, real: bool
) -> dict[date, tuple[int, int]]:
    """(new, replaced) of each listing day; what a holiday holds up comes with the next listing."""
    draw = _real_volumes(seed) if real else None
    draw = draw or _profile_volumes(seed)
    volumes, waiting = {}, [0, 0]
    for day in (first + n * ONE_DAY for n in range(days)):
        if day.weekday() > 4:
            continue
        new, replaced = draw(day)
        waiting = [waiting[0] + round(new * scale), waiting[1] + round(replaced * scale)]
        if calendar.is_listing_day(day):
            volumes[day] = (min(max(waiting[0], 1), 1200), waiting[1])
            waiting = [0, 0]
    return volumes


def _real_volumes(seed: int) -> "partial[tuple[float, float]] | None":
    """Draws a real day of the same weekday; None where the lists are not at hand."""
    try:
        volumes = replay.volumes()
    except replay.NoSharedData:
        return None
    by_weekday: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for day, counts in volumes.items():
        by_weekday[day.weekday()].append(counts)
    return partial(_draw_real, by_weekday, Random(f"{seed} volumes"))


def _draw_real(
    by_weekday: dict[int, list[tuple[int, int]]], random: Random, day: date
) -> tuple[float, float]:
    return random.choice(by_weekday[day.weekday()])


def _profile_volumes(seed: int) -> "partial[tuple[float, float]]":
    return partial(_draw_profile, Random(f"{seed} volumes"))


def _draw_profile(random: Random, day: date) -> tuple[float, float]:
    new, replaced = PROFILE[day.weekday()]
    return new * random.lognormvariate(0, 0.3), replaced * random.lognormvariate(0, 0.3)


def _pdf(paper: FakePaper, number: int) -> bytes:
    """A two-section PDF of that version, made when it is asked for."""
    version = paper.version(number) or paper.versions[-1]
    abstract = plain(paper.text(version, "abstract") or "")
    sections = [
        {"heading": "Abstract", "paragraphs": [abstract]},
        {"heading": "Introduction", "paragraphs": [abstract] * 3},
    ]
    return make_pdf(
        plain(paper.text(version, "title") or ""), map(plain, paper.authors_of(version)), sections
    )


def plain(text: str) -> str:
    """Without what the base fonts of a PDF do not have: accents, and the dollars around formulae."""
    return unicodedata.normalize("NFKD", text.replace("$", "")).encode("ascii", "ignore").decode()
