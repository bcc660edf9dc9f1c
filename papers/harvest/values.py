"""What arXiv's answers become: small typed values, and the one error."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

State = Literal[
    "stale",  # an answer of another day, or a token that has expired
    "truncated",  # fewer entries or bytes than the answer itself announces
    "throttled",  # 429, 503, 406, or "Rate exceeded." under any status; see retry_after
    "broken",  # not what was asked for: HTML for XML, malformed, an error entry
    "unreachable",  # no connection, a reset, a time-out, 5xx
    "unknown_category",
    "missing",  # no such file, or not yet
    "withdrawn",
    "forbidden",  # 403, or a redirect to a host that is not arXiv's
    "too_large",
]
Kind = Literal["new", "cross", "replace"]
KINDS: tuple[Kind, ...] = ("new", "cross", "replace")


class SourceError(Exception):
    """A source did not give what it was asked for.

    `retry_after` is the number of seconds the server asked us to stay away, if it did;
    `status` is the HTTP status, if there was one.
    """

    def __init__(
        self, state: State, message: str, retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"{state}: {message}")
        self.state = state
        self.message = message
        self.retry_after = retry_after
        self.status = status

    def __reduce__(self) -> tuple[type["SourceError"], tuple[object, ...]]:
        return type(self), (self.state, self.message, self.retry_after, self.status)


@dataclass(frozen=True)
class Item:
    """One line of an announcement. `version` and `licence` are known from feeds only."""

    arxiv_id: str
    version: int | None
    kind: Kind
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    comment: str = ""
    doi: str = ""
    journal: str = ""
    licence: str = ""


@dataclass
class Sheet:
    """One answer about one announcement, read in two steps.

    `date` and `printed` are what arXiv prints about the sheet as a whole and are there at once;
    `items()` parses the entries and raises SourceError("truncated") if they do not add up.

    `printed` gives the count of each kind as printed, None where this source prints none (feeds).
    `shown` is the number of entry elements in the answer, before any of them is parsed.
    """

    source: Literal["list", "catchup", "rss", "atom"]
    categories: tuple[str, ...]
    date: date
    printed: dict[Kind, int | None]
    shown: int
    _read: Callable[[], list[Item]] = field(repr=False)

    @property
    def total(self) -> int | None:
        """The sum of the printed counts, None where the source prints none."""
        counts = [count for count in self.printed.values() if count is not None]
        return sum(counts) if len(counts) == len(self.printed) else None

    def items(self) -> list[Item]:
        """The entries in the order printed; an empty list on a day without announcement."""
        return self._read()


@dataclass(frozen=True)
class Record:
    """A paper as the API describes it. Times are UTC; `submitted` is v1's, `updated` this version's.

    `affiliations` runs parallel to `authors`. `withdrawn` is a guess from the wording: the API has
    no flag, OAI-PMH has.
    """

    arxiv_id: str
    version: int
    title: str
    abstract: str
    authors: tuple[str, ...]
    affiliations: tuple[tuple[str, ...], ...]
    categories: tuple[str, ...]
    submitted: datetime
    updated: datetime
    comment: str = ""
    doi: str = ""
    journal: str = ""
    withdrawn: bool = False


@dataclass(frozen=True)
class Version:
    """One version in OAI-PMH: its submission time (UTC), size in kB as printed, and source type."""

    number: int
    date: datetime
    size: int | None
    source_type: str

    @property
    def withdrawn(self) -> bool:
        return "I" in self.source_type


@dataclass(frozen=True)
class OaiRecord:
    """A paper as OAI-PMH arXivRaw describes it; only id, datestamp, digest and `deleted` if it was deleted.

    `datestamp` is the date of the record's last change of any sort; two records of one `digest` are the same to the
    letter. `authors` is one string, with TeX accents as the submitter typed them.
    """

    arxiv_id: str
    datestamp: date
    digest: bytes = field(repr=False)
    deleted: bool = False
    versions: tuple[Version, ...] = ()
    submitter: str = ""
    licence: str = ""
    categories: tuple[str, ...] = ()
    title: str = ""
    abstract: str = ""
    authors: str = ""
    comment: str = ""
    doi: str = ""
    journal: str = ""

    @property
    def version(self) -> int | None:
        """The number of the latest version."""
        return self.versions[-1].number if self.versions else None

    @property
    def submitted(self) -> datetime | None:
        """When v1 was submitted, UTC."""
        return self.versions[0].date if self.versions else None

    @property
    def withdrawn(self) -> bool:
        """Whether the latest version is a withdrawal; earlier versions stay readable."""
        return bool(self.versions) and self.versions[-1].withdrawn


@dataclass(frozen=True)
class OaiPage:
    """One page of ListRecords; `token` asks for the next one and is None on the last.

    `found` is the number of records in it, those left out as seen before among them.
    """

    records: list[OaiRecord]
    token: str | None
    found: int


@dataclass(frozen=True)
class Download:
    """A full text as served: its bytes, the content type the server named, and where it came from."""

    arxiv_id: str
    version: int | None
    kind: Literal["html", "pdf"]
    data: bytes = field(repr=False)
    content_type: str
    url: str
