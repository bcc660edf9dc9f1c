"""What a post of the old site says, and how it is set where that differs from the newest layout."""

import datetime as dt
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

LABEL = "详细解读"
CHINESE_TITLE = "**中文标题**："
MINUTE = "%Y-%m-%d %H:%M"
BOM = "\ufeff"
LONGEST_TAG = 100
_WORD = re.compile(r"[^\W\d_][\w.+/-]*(?: [\w.+/-]+)*")
_NO_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


class Malformed(ValueError):
    """A post that cannot be read; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class Form:
    """Facts of layout; as JSON only those that differ from the newest layout."""

    def as_json(self) -> dict[str, Any]:
        plain = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != plain[name]}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        return cls(**{name: _tuples(value) for name, value in stored.items() if name in known})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


@dataclass(frozen=True)
class EntryForm(Form):
    """How an entry is set.

    `wraps` are the places (offset in the title, what stands there for a blank) where a title goes on in
    the next line. `abs_url` and `pdf_url` are given where they do not follow from the identifier;
    `gap` and `lead` count the empty lines before abstract and reading; `tail` is what parts the entry
    from the next one, None for the usual rule.
    """

    wraps: tuple[tuple[int, str], ...] = ()
    scheme: str = "https"
    abs_url: str = ""
    pdf_url: str = ""
    one_line: bool = False
    gap: int = 1
    label: str = LABEL
    lead: int = 1
    tail: str | None = None


@dataclass(frozen=True)
class PostForm(Form):
    """How a post is set.

    `front` are the lines of the front matter (key, value) where they are not the usual three; a None
    stands for the title and tags of every post. `hours` is the width of the window in layouts that
    printed nothing else of it; `shown` the printed number of papers where it is not their number.
    """

    front: tuple[tuple[str, str | None], ...] = ()
    zone: str = "CST，北京时间"
    anchor: str = "08:50 CST"
    hours: int | None = None
    shown: int | None = None
    blank: int = 1
    eol: str = "\n"
    bom: bool = False


@dataclass(frozen=True)
class OldEntry:
    """A paper in a post. `note` is what stands in the place of a reading (why there is none, or nothing
    at all); it is None where the layout has no such place."""

    arxiv_id: str
    version: int | None
    title: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    abstract: str
    reading: str = ""
    note: str | None = None
    chinese_title: str = ""
    form: EntryForm = EntryForm()

    @property
    def abs_url(self) -> str:
        return self.form.abs_url or address(self.form.scheme, "abs", self.arxiv_id, self.version)

    @property
    def pdf_url(self) -> str:
        return self.form.pdf_url or address(self.form.scheme, "pdf", self.arxiv_id, self.version)


@dataclass(frozen=True)
class OldPost:
    """A day. `start` and `end` are wall clock times of the window as printed, without a zone."""

    date: dt.date
    start: dt.datetime | None
    end: dt.datetime | None
    fetched: int
    tags: tuple[str, ...]
    entries: tuple[OldEntry, ...]
    form: PostForm = PostForm()


def is_tag(name: str) -> bool:
    """Whether what a post names among its tags can be a tag here."""
    return 0 < len(name) <= LONGEST_TAG and name == name.strip()


def tag_of(printed: str) -> str:
    """The tag's name: YAML may have it in quotation marks."""
    with suppress(ValueError):
        return str(json.loads(printed)) if printed.startswith('"') else printed
    return printed


def printed_tag(name: str) -> str:
    """The name as YAML reads it in a list: what is not plainly a word is quoted."""
    is_word = _WORD.fullmatch(name) and name.lower() not in _NO_WORDS
    return name if is_word else json.dumps(name, ensure_ascii=False)


def address(scheme: str, kind: str, arxiv_id: str, version: int | None) -> str:
    return f"{scheme}://arxiv.org/{kind}/{arxiv_id}" + (f"v{version}" if version else "")


def usual_title(date: dt.date) -> str:
    return f'"arXiv Daily – {date:%F}"'


USUAL_FRONT: tuple[tuple[str, str | None], ...] = (("layout", "post"), ("title", None), ("tags", None))
