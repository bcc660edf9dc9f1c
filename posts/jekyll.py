"""Posts of the old Jekyll site: `read` turns the text of one into typed values, `write` turns them back.

Pure text on both sides: no files, no tables. The newest of the old layouts is the default everywhere;
how a post differs from it is kept in `PostForm` and `EntryForm`, field by field, and what people read
(titles, abstracts, readings) is passed on as it stands, so that `write(read(text))` is `text` to the byte.
"""

import datetime as dt
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

LABEL = "详细解读"
CHINESE_TITLE = "**中文标题**："
MINUTE = "%Y-%m-%d %H:%M"
BOM = "\ufeff"
LONGEST_TAG = 100


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
    """Whether what a post prints among its tags can be one here."""
    return 0 < len(name) <= LONGEST_TAG and name == name.strip()


def address(scheme: str, kind: str, arxiv_id: str, version: int | None) -> str:
    return f"{scheme}://arxiv.org/{kind}/{arxiv_id}" + (f"v{version}" if version else "")


def usual_title(date: dt.date) -> str:
    return f'"arXiv Daily – {date:%F}"'


USUAL_FRONT: tuple[tuple[str, str | None], ...] = (("layout", "post"), ("title", None), ("tags", None))


def write(post: OldPost) -> str:
    """The text of a post."""
    last = len(post.entries) - 1
    entries = "".join(_entry(entry, number == last) for number, entry in enumerate(post.entries))
    text = BOM * post.form.bom + _front_matter(post) + _header(post) + entries
    return text if post.form.eol == "\n" else text.replace("\n", post.form.eol)


def _front_matter(post: OldPost) -> str:
    usual = {"title": usual_title(post.date), "tags": f"[{', '.join(post.tags)}]"}
    lines = [
        f"{key}: {usual[key] if value is None else value}" for key, value in post.form.front or USUAL_FRONT
    ]
    return "\n".join(["---", *lines, "---", "", ""])


def _header(post: OldPost) -> str:
    shown = len(post.entries) if post.form.shown is None else post.form.shown
    return (
        f"以下为 {post.date:%F}（{post.form.zone}）窗口内更新的论文中文译文：\n"
        f"- 时间窗口{_window(post)}\n"
        f"- 抓取总数：{post.fetched} 篇 | 本页显示：{shown} 篇（去重/过滤后）\n" + "\n" * post.form.blank
    )


def _window(post: OldPost) -> str:
    if post.form.hours is not None or post.start is None or post.end is None:
        return f"：最近 {post.form.hours or 24} 小时"
    return f"（锚点 {post.form.anchor}）：{post.start:{MINUTE}} — {post.end:{MINUTE}}"


def _entry(entry: OldEntry, is_last: bool) -> str:
    form = entry.form
    tail = form.tail if form.tail is not None else usual_tail(is_last)
    part = "  |  " if form.one_line else "\n- "
    return (
        f"## {_wrapped(entry)}\n"
        f"- **Authors**: {', '.join(entry.authors)}\n"
        f"- **Categories**: {', '.join(entry.categories)}\n"
        f"- **arXiv**: [{entry.abs_url}]({entry.abs_url}){part}**PDF**: [{entry.pdf_url}]({entry.pdf_url})\n"
        + "\n" * form.gap
        + (f"{CHINESE_TITLE}{entry.chinese_title}\n\n" if entry.chinese_title else "")
        + entry.abstract
        + _reading(entry)
        + tail
    )


def usual_tail(is_last: bool) -> str:
    return "\n\n---\n" if is_last else "\n\n---\n\n"


def _wrapped(entry: OldEntry) -> str:
    """The title with its old line breaks, where it still has blanks to break at."""
    title = entry.title
    for offset, wrap in reversed(entry.form.wraps):
        if title[offset : offset + 1] == " ":
            title = title[:offset] + wrap + title[offset + 1 :]
    return title


def _reading(entry: OldEntry) -> str:
    text = entry.reading or entry.note
    if text is None:
        return ""
    return opening(entry.form.label) + "\n" * entry.form.lead + text + CLOSING


def opening(label: str) -> str:
    return f'\n\n<details>\n<summary>{label}</summary>\n\n<div markdown="1">\n'


CLOSING = "\n</div>\n\n</details>"
