"""Reading posts of the old Jekyll site: text -> `OldPost`, or `Malformed` with the line."""

import datetime as dt
import re
from dataclasses import dataclass

from papers import taxonomy

from .values import (
    BOM,
    CHINESE_TITLE,
    LABEL,
    MINUTE,
    USUAL_FRONT,
    EntryForm,
    Malformed,
    OldEntry,
    OldPost,
    PostForm,
    address,
    usual_title,
)
from .writing import CLOSING, usual_tail, write

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_CONFLICT = re.compile(r"^(?:<{7}|>{7}) \S", re.MULTILINE)
_FRONT = re.compile(r"---\n(?P<lines>(?:[A-Za-z_][\w-]*:[^\n]*\n)*)---\n\n")
_INTRO = re.compile(r"以下为 (?P<date>\d{4}-\d\d-\d\d)（(?P<zone>[^\n]*)）窗口内更新的论文中文译文：\n")
_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d"
_WINDOW = re.compile(
    rf"- 时间窗口(?:（锚点 (?P<anchor>[^\n）]+)）：(?P<start>{_TIME}) — (?P<end>{_TIME})|：最近 (?P<hours>\d+) 小时)\n"
)
_COUNTS = re.compile(
    r"- 抓取总数：(?P<fetched>\d+) 篇 \| 本页显示：(?P<shown>\d+) 篇（去重/过滤后）\n(?P<blank>\n*)"
)
# A paper begins where a heading is followed by its authors and what comes next; other headings belong to readings.
_START = re.compile(
    r"^## [^\n]*\n(?:[ \t]+[^\s#-][^\n]*\n){0,9}- \*\*Authors\*\*:[^\n]*\n- \*\*(?:Categories|arXiv)\*\*:",
    re.MULTILINE,
)
_TITLE = re.compile(r"## (?P<title>[^\n]*(?:\n[ \t]+[^\n]+)*)\n")
_AUTHORS = re.compile(r"- \*\*Authors\*\*: (?P<authors>[^\n]*)\n")
_CATEGORIES = re.compile(r"- \*\*Categories\*\*: (?P<categories>[^\n]*)\n")
_ABS = re.compile(r"- \*\*arXiv\*\*: \[(?P<abs>[^\]\n]+)\]\((?P=abs)\)(?P<part>\n- |  \|  )")
# Of an entry without an abstract the reading follows at once, and its own empty lines are no gap.
_PDF = re.compile(r"\*\*PDF\*\*: \[(?P<pdf>[^\]\n]+)\]\((?P=pdf)\)\n(?P<gap>\n*?)(?=\n\n<details>|[^\n]|\Z)")
_WRAP = re.compile(r"\n[ \t]+")
_TAIL = re.compile(r"(?:\n+---)?\n*\Z")
_OPENING = re.compile(r'\n\n<details>\n<summary>(?P<label>[^<\n]*)</summary>\n\n<div markdown="1">\n')
_CHINESE_TITLE = re.compile(rf"{re.escape(CHINESE_TITLE)}([^\n]+)\n\n")
_TAG = re.compile(r'(?P<tag>"(?:[^"\\]|\\.)*"|.*?)(?P<more>, |\Z)')
_STRAY = re.compile(r"^- \*\*arXiv\*\*: \[https?://arxiv\.org/abs/", re.MULTILINE)
_NOTE = re.compile(r"\s*(?:[（(]\s*(?:全文解读失败|无可用全文).*)?", re.DOTALL)


def read(text: str, date: dt.date) -> OldPost:
    """The post of `date` (its file's name says which).

    :raises Malformed: something is not as any of the old layouts has it.
    """
    eol, plain = _line_ends(text)
    _refuse(plain, _CONTROL, "控制字符")
    _refuse(plain, _CONFLICT, "未解决的 Git 冲突标记")
    post = _Reader(plain).post(date, eol)
    _compare(text, write(post))
    return post


def _line_ends(text: str) -> tuple[str, str]:
    if "\r" not in text:
        return "\n", text
    plain = text.replace("\r\n", "\n")
    if "\r" in plain or plain.count("\n") != text.count("\r\n"):
        odd = re.search(r"\r(?!\n)|(?<!\r)\n", text)
        raise Malformed(_line(text, odd.start() if odd else 0), "行尾有的是 CRLF，有的不是")
    return "\r\n", plain


def _refuse(text: str, pattern: re.Pattern[str], message: str) -> None:
    if found := pattern.search(text):
        raise Malformed(_line(text, found.start()), message)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _compare(text: str, written: str) -> None:
    """What is read must be all there is: a post that we could not write again is not taken."""
    if text == written:
        return
    same = next((n for n, (one, other) in enumerate(zip(text, written, strict=False)) if one != other), None)
    raise Malformed(
        _line(text, min(len(text), len(written)) if same is None else same), "这一行的写法没有见过"
    )


@dataclass(frozen=True)
class _Texts:
    """An entry's running text; see OldEntry and EntryForm."""

    chinese_title: str
    abstract: str
    reading: str
    note: str | None
    label: str
    lead: int


class _Reader:
    """A cursor over the text: each pattern has to match where the last one ended."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def expect(self, pattern: re.Pattern[str], what: str) -> dict[str, str | None]:
        found = pattern.match(self.text, self.at)
        if not found:
            raise self.wrong(f"这里应当是{what}")
        self.at = found.end()
        return found.groupdict()

    def wrong(self, message: str, offset: int | None = None) -> Malformed:
        return Malformed(_line(self.text, self.at if offset is None else offset), message)

    def post(self, date: dt.date, eol: str) -> OldPost:
        bom = self.text.startswith(BOM)
        self.at += bom
        front, tags = self.front_matter(date)
        intro = self.expect(_INTRO, "“以下为 DATE（…）窗口内更新的论文中文译文：”")
        if intro["date"] != f"{date:%F}":
            raise self.wrong(f"日期 {intro['date']} 与文件名不符", self.at - 1)
        window = self.expect(_WINDOW, "“- 时间窗口…”")
        start, end = self.moment(window["start"]), self.moment(window["end"])
        counts = self.expect(_COUNTS, "“- 抓取总数：… 篇 | 本页显示：… 篇（去重/过滤后）”")
        entries = self.entries()
        shown = int(counts["shown"] or 0)
        form = PostForm(
            front=front,
            zone=intro["zone"] or "",
            anchor=window["anchor"] or PostForm.anchor,
            hours=int(window["hours"]) if window["hours"] else None,
            shown=None if shown == len(entries) else shown,
            blank=len(counts["blank"] or ""),
            eol=eol,
            bom=bom,
        )
        return OldPost(date, start, end, int(counts["fetched"] or 0), tags, entries, form)

    def moment(self, text: str | None) -> dt.datetime | None:
        if text is None:
            return None
        try:
            return dt.datetime.strptime(text, MINUTE)  # noqa: DTZ007 - as printed, without a zone
        except ValueError:
            raise self.wrong(f"没有 {text} 这个时间", self.at - 1) from None

    def front_matter(self, date: dt.date) -> tuple[tuple[tuple[str, str | None], ...], tuple[str, ...]]:
        lines = self.expect(_FRONT, "--- 之间的标题与标签（front matter）")["lines"] or ""
        front: list[tuple[str, str | None]] = []
        tags: tuple[str, ...] = ()
        for line in lines.split("\n")[:-1]:
            key, _, value = line.partition(":")
            kept: str | None = value.removeprefix(" ")
            if key == "title" and kept == usual_title(date):
                kept = None
            elif key == "tags" and (listed := re.fullmatch(r"\[(.*)\]", kept or "")):
                tags, kept = _tags(listed[1]), None
            front.append((key, kept))
        return (() if tuple(front) == USUAL_FRONT else tuple(front)), tags

    def entries(self) -> tuple[OldEntry, ...]:
        starts = [found.start() for found in _START.finditer(self.text, self.at)]
        if (starts[0] if starts else len(self.text)) != self.at:
            raise self.wrong("这里应当是一篇论文：“## 标题”，下一行“- **Authors**: …”")
        ends = [*starts[1:], len(self.text)]
        entries = []
        for end in ends[: len(starts)]:
            start = self.at
            entry = self.entry(end, end == len(self.text))
            if any(entry.arxiv_id == other.arxiv_id for other in entries):
                raise self.wrong(f"{entry.arxiv_id} 在这一天出现了两次", start)
            entries.append(entry)
        return tuple(entries)

    def entry(self, end: int, is_last: bool) -> OldEntry:
        heading = self.expect(_TITLE, "“## 标题”")["title"] or ""
        authors = self.expect(_AUTHORS, "“- **Authors**: …”")["authors"] or ""
        categories = self.expect(_CATEGORIES, "“- **Categories**: …”")["categories"] or ""
        link = self.at
        page = self.expect(_ABS, "“- **arXiv**: [地址](地址)”，接着是 PDF")
        pdf = self.expect(_PDF, "“**PDF**: [地址](地址)”")
        found = taxonomy.parse_id(page["abs"] or "")
        if found is None:
            raise self.wrong(f"{page['abs']} 不是 arXiv 的地址", link)
        body, tail = self.body(end)
        texts = self.texts(body)
        self.at = end
        title, wraps = _unwrapped(heading)
        scheme = (page["abs"] or "").partition("://")[0]
        form = EntryForm(
            wraps=wraps,
            scheme=scheme,
            abs_url=_unless(page["abs"], address(scheme, "abs", found.id, found.version)),
            pdf_url=_unless(pdf["pdf"], address(scheme, "pdf", found.id, found.version)),
            one_line=page["part"] != "\n- ",
            gap=len(pdf["gap"] or ""),
            label=texts.label,
            lead=texts.lead,
            tail=None if tail == usual_tail(is_last) else tail,
        )
        return OldEntry(
            arxiv_id=found.id,
            version=found.version,
            title=title,
            authors=_listed(authors),
            categories=_listed(categories),
            abstract=texts.abstract,
            reading=texts.reading,
            note=texts.note,
            chinese_title=texts.chinese_title,
            form=form,
        )

    def body(self, end: int) -> tuple[str, str]:
        """The entry's running text and what parts it from the next one."""
        if stray := _STRAY.search(self.text, self.at, end):
            raise self.wrong("这一行属于一篇论文，前面却没有它的标题和作者", stray.start())
        block = self.text[self.at : end]
        found = _TAIL.search(block)
        cut = found.start() if found else len(block)
        return block[:cut], block[cut:]

    def texts(self, body: str) -> "_Texts":
        """An entry's running text in its parts."""
        opened = _OPENING.search(body)
        abstract, block, lead = body, None, EntryForm.lead
        if opened:
            if not body.endswith(CLOSING) or len(body) - len(CLOSING) < opened.end():
                raise self.wrong("详细解读没有以 </div>、</details> 结束", self.at + opened.start() + 2)
            abstract, inner = body[: opened.start()], body[opened.end() : -len(CLOSING)]
            block = inner.lstrip("\n")
            lead = len(inner) - len(block)
        is_note = block is not None and _NOTE.fullmatch(block)
        title = ""
        if titled := _CHINESE_TITLE.match(abstract):
            title, abstract = titled[1], abstract[titled.end() :]
        return _Texts(
            title,
            abstract,
            reading="" if is_note else block or "",
            note=block if is_note else None,
            label=opened["label"] if opened else LABEL,
            lead=lead,
        )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


def _tags(text: str) -> tuple[str, ...]:
    """Printed tags; a comma in quotation marks parts none."""
    tags: list[str] = []
    at = 0
    while text and (found := _TAG.match(text, at)):
        tags.append(found["tag"])
        at = found.end()
        if not found["more"]:
            break
    return tuple(tags)


def _unless(text: str | None, usual: str) -> str:
    return "" if text == usual else text or ""


def _unwrapped(heading: str) -> tuple[str, tuple[tuple[int, str], ...]]:
    """The title on one line, and where its line breaks were."""
    title, wraps, end = "", [], 0
    for found in _WRAP.finditer(heading):
        title += heading[end : found.start()]
        wraps.append((len(title), found.group()))
        title += " "
        end = found.end()
    return title + heading[end:], tuple(wraps)
