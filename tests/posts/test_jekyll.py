"""The old site's posts as text: what is read can be written again to the byte, and what is broken is named."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posts import jekyll
from posts.jekyll import EntryForm, Malformed, OldEntry, OldPost, PostForm, read

SEEDS = Path(__file__).parents[3] / "shared" / "data" / "seed-posts"
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="../shared/data/seed-posts is not here")
DAY = dt.date(2026, 1, 28)

POST = """---
layout: post
title: "arXiv Daily – 2026-01-28"
tags: [arxiv, cs.SD, eess.AS]
---

以下为 2026-01-28（CST，北京时间）窗口内更新的论文中文译文：
- 时间窗口（锚点 08:50 CST）：2026-01-27 08:50 — 2026-01-28 08:50
- 抓取总数：3 篇 | 本页显示：2 篇（去重/过滤后）

## Tokens for $\\alpha$-Accents: "A" & B
- **Authors**: Ada Example, Bo Sample
- **Categories**: eess.AS, I.2.7
- **arXiv**: [https://arxiv.org/abs/2601.19786v1](https://arxiv.org/abs/2601.19786v1)
- **PDF**: [https://arxiv.org/pdf/2601.19786v1](https://arxiv.org/pdf/2601.19786v1)

摘要含 <think> 与 $x_{i}$。

第二段。

<details>
<summary>详细解读</summary>

<div markdown="1">

## 1) 背景
- **要点：**紧接文字\x20\x20
  - 两级

---

## 2) 方法
</div>

</details>

---

## Second
- **Authors**: Cy
- **Categories**: cs.SD
- **arXiv**: [https://arxiv.org/abs/2601.19781v1](https://arxiv.org/abs/2601.19781v1)
- **PDF**: [https://arxiv.org/pdf/2601.19781v1](https://arxiv.org/pdf/2601.19781v1)

只有摘要。

<details>
<summary>详细解读</summary>

<div markdown="1">

（全文解读失败：404 Client Error: Not Found for url: https://arxiv.org/pdf/2601.19781v1）
</div>

</details>

---
"""


def test_a_post_is_read_into_plain_values() -> None:
    post = read(POST, DAY)
    first, second = post.entries
    assert (post.fetched, post.tags, post.form) == (3, ("arxiv", "cs.SD", "eess.AS"), PostForm())
    assert (post.start, post.end) == (dt.datetime(2026, 1, 27, 8, 50), dt.datetime(2026, 1, 28, 8, 50))  # noqa: DTZ001
    assert (first.arxiv_id, first.version, first.title) == (
        "2601.19786",
        1,
        'Tokens for $\\alpha$-Accents: "A" & B',
    )
    assert (first.authors, first.categories) == (("Ada Example", "Bo Sample"), ("eess.AS", "I.2.7"))
    assert first.abstract == "摘要含 <think> 与 $x_{i}$。\n\n第二段。"
    assert first.reading.startswith("## 1) 背景\n- **要点：**紧接文字  \n  - 两级\n\n---\n\n## 2)")
    assert (second.reading, second.abstract) == ("", "只有摘要。")
    assert second.note is not None and second.note.startswith("（全文解读失败：404")


def test_headings_and_rules_inside_a_reading_begin_no_paper() -> None:
    assert len(read(POST, DAY).entries) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://", "http://"),
        ("v1)\n- **PDF**", "v1)  |  **PDF**"),
        ("## Second\n", "## Second\n  and its second line\n"),
        ("（CST，北京时间）", "（UTC±）"),
        ("（锚点 08:50 CST）：2026-01-27 08:50 — 2026-01-28 08:50", "：最近 26 小时"),
        ("本页显示：2 篇", "本页显示：1 篇"),
        ('<div markdown="1">\n\n', '<div markdown="1">\n'),
        ("详细解读</summary>", "全文</summary>"),
        ("tags: [arxiv, cs.SD, eess.AS]\n", "tags: [eess.AS, arxiv]\ncategories: daily\n"),
        ('title: "arXiv Daily – 2026-01-28"', "title: 语音日报"),
        ("\n", "\r\n"),
        ("Ada Example, Bo Sample", ""),
        ("pdf/2601.19781v1", "pdf/2601.19781v1.pdf"),
        ("---\n\n## Second", "---\n\n\n## Second"),
    ],
)
def test_every_older_way_of_setting_a_post_is_written_again_to_the_byte(old: str, new: str) -> None:
    assert old in POST
    text = POST.replace(old, new)
    assert jekyll.write(read(text, DAY)) == text


def test_a_post_may_end_without_a_rule_or_have_no_paper_at_all() -> None:
    for text in (POST.removesuffix("\n---\n"), POST[: POST.index("## Tokens")], POST + "\n\n"):
        assert jekyll.write(read(text, DAY)) == text


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("## Second\n", "<<<<<<< HEAD\n## Second\n", 39, "冲突"),
        ("- **Authors**: Cy\n", "", 41, "标题和作者"),
        ("- **Categories**: cs.SD\n", "", 41, "Categories"),
        ("/2601.19781v1)\n- **PDF**", "/2601.19782v1)\n- **PDF**", 42, "arXiv"),
        ("arxiv.org/abs/2601.19781v1", "example.org/abs/2601.19781v1", 42, "地址"),
        ("2026-01-27 08:50", "2026-13-27 08:50", 8, "时间"),
        ("以下为 2026-01-28", "以下为 2026-01-29", 7, "日期"),
        ("只有摘要。", "只有\x0c摘要。", 45, "控制字符"),
        ("\n</div>\n\n</details>\n\n---\n\n## Second", "\n\n---\n\n## Second", 21, "没有以"),
        ("layout: post\n", "layout post\n", 1, "front matter"),
        ("2601.19781v1", "2601.19786v1", 39, "两次"),
        ("- 抓取总数：3", "- 抓取总数：三", 9, "抓取总数"),
    ],
)
def test_a_malformed_post_is_named_by_line(old: str, new: str, line: int, words: str) -> None:
    text = POST.replace(old, new)
    assert text != POST
    with pytest.raises(Malformed) as caught:
        read(text, DAY)
    assert (caught.value.line, words in caught.value.message) == (line, True), caught.value.message


@needs_seeds
def test_all_seed_posts_and_their_older_layouts_are_written_again_to_the_byte() -> None:
    broken = []
    for path in sorted([*SEEDS.glob("*-arxiv.md"), *SEEDS.glob("history/*.md")]):
        text = path.read_bytes().decode()
        try:
            post = read(text, dt.date.fromisoformat(path.name[:10]))
        except Malformed as error:
            broken.append((path.name, error.line))
        else:
            assert jekyll.write(post) == text, path.name
    assert broken == [("2025-10-16-arxiv.76951bf.md", 11)]  # committed with its conflict markers


# Random posts

HAZARDS = [
    "## 小标题", "### 2) 方法（≤600字）", "---", "- **要点：**紧接  ", "  - 两级", "1)  ", "| a | b |", "<think>", "</div>",
    "$x_{i}^{*}$ 与 \\(y\\)", "**粗体", "{% raw %}", "&amp; <3% ~5", "```", "=======", "http://example.org", "", "　全角", "\t制表",
    "- **Authors**: 无标题者", "- **PDF**: 无", "<details>", "</details>", "tags: [a]", "（全文解读失败：不在开头）", "行尾空白 \t　",
]  # fmt: skip
ODD = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=30)
PLAIN = ODD.filter(lambda text: text == text.strip() and ", " not in text)
BLOCK = st.lists(st.sampled_from(HAZARDS) | ODD, min_size=1, max_size=8).map(
    lambda lines: ("文" + "\n".join(lines)).rstrip("\n") + "。"
)
IDS = st.builds("{:02}{:02}.{:05}".format, st.integers(15, 40), st.integers(1, 12), st.integers(1, 99_999))
OLD_IDS = st.builds("{}/{:02}{:02}{:03}".format, st.sampled_from(["cs", "eess-x", "hep-th"]), st.integers(92, 99), st.integers(1, 12), st.integers(1, 999)).filter(lambda name: "-x" not in name)  # fmt: skip
NOTES = [
    "",
    " ",
    "（全文解读失败：超时\n\n第二行）",
    "(全文解读失败: 404)",
    "（无可用全文）",
    "　（全文解读失败：",
]
FRONTS: list[tuple[tuple[str, str | None], ...]] = [
    (),
    (("title", None), ("layout", "post"), ("tags", None)),
    (
        ("layout", "post"),
        ("title", '语音日报: "a" # b'),
        ("date", "2026-01-28 08:50:00 +0800"),
        ("tags", None),
    ),
    (("layout", ""), ("tags", None), ("tags-2", "[x, y]"), ("title", "")),
    (("layout", "default  "), ("title", None), ("tags", "arxiv cs.SD")),
    (("permalink", "/a/:title/"),),
]
LAST_TAILS = [None, "", "\n", "\n\n---", "\n---\n", "\n\n---\n\n\n"]
INNER_TAILS = [None, "\n", "\n\n", "\n\n---\n", "\n\n\n---\n\n", "\n\n---\n\n\n\n"]


@st.composite
def entries(draw: st.DrawFn, arxiv_id: str, is_last: bool) -> OldEntry:
    title = draw(PLAIN)
    words = [at for at, letter in enumerate(title) if letter == " " and title[at + 1 :].strip(" ")]
    wraps = tuple((at, "\n  ") for at in words[:1] if title[at + 1] not in " -#\u3000" and title[at + 1 :])
    wraps = wraps if all(not title[at + 1].isspace() for at, _ in wraps) else ()
    kind = draw(st.sampled_from(["reading", "failed", "none"]))
    abstract = draw(BLOCK) if kind == "none" else draw(st.just("") | BLOCK)
    return OldEntry(
        arxiv_id=arxiv_id,
        version=draw(st.none() | st.integers(1, 12)),
        title=title,
        authors=tuple(draw(st.lists(PLAIN, max_size=4))),
        categories=tuple(draw(st.lists(st.sampled_from(["cs.SD", "eess.AS", "I.2.7", "cs.sd"]), max_size=3))),
        abstract=abstract,
        reading=draw(BLOCK) if kind == "reading" else "",
        note=draw(st.sampled_from(NOTES)) if kind == "failed" else None,
        chinese_title=draw(st.just("") | PLAIN) if abstract else "",
        form=EntryForm(
            wraps=wraps,
            scheme=draw(st.sampled_from(["http", "https"])),
            one_line=draw(st.booleans()),
            gap=draw(st.integers(1, 2)),
            label=draw(st.sampled_from([EntryForm.label, "全文"])) if kind != "none" else EntryForm.label,
            lead=draw(st.integers(0, 2)) if kind != "none" else 1,
            pdf_url=draw(st.sampled_from(["", "https://arxiv.org/pdf/x.pdf"])),
            tail=draw(st.sampled_from(LAST_TAILS if is_last else INNER_TAILS)),
        ),
    )


@st.composite
def posts(draw: st.DrawFn, most: int = 4) -> OldPost:
    """A post in any of the layouts, with any mixture of what has been seen and what has not."""
    date = draw(st.dates(dt.date(2000, 1, 1), dt.date(2099, 1, 1)))
    end = dt.datetime.combine(date, dt.time(8, 50))
    ids = draw(st.lists(IDS | OLD_IDS, max_size=most, unique=True))
    hours = draw(st.none() | st.integers(1, 99))
    front = draw(st.sampled_from(FRONTS))
    has_tags = not front or ("tags", None) in front
    return OldPost(
        date=date,
        start=None if hours else end - dt.timedelta(days=1),
        end=None if hours else end,
        fetched=draw(st.integers(0, 999)),
        tags=tuple(
            draw(
                st.lists(st.sampled_from(["arxiv", "cs.SD", "语音", "cs.sd", ""]), max_size=3).filter(
                    lambda tags: tags != [""]
                )
            )
        )
        if has_tags
        else (),
        entries=tuple(draw(entries(name, name == ids[-1])) for name in ids),
        form=PostForm(
            front=front,
            zone=draw(st.sampled_from(["CST，北京时间", "UTC±"])),
            anchor=PostForm.anchor if hours else draw(st.sampled_from(["08:50 CST", "00:00 UTC"])),
            hours=hours,
            shown=draw(st.none() | st.integers(1000, 1001)),
            blank=draw(st.integers(1, 3)),
            eol=draw(st.sampled_from(["\n", "\r\n"])),
            bom=draw(st.booleans()),
        ),
    )


@settings(max_examples=150, deadline=None)
@given(posts())
def test_random_posts_are_written_and_read_as_they_were(post: OldPost) -> None:
    text = jekyll.write(post)
    again = read(text, post.date)
    assert again == post
    assert jekyll.write(again) == text


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_post_is_refused_or_written_again_as_damaged(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(POST)))
    text = POST[:at] + data.draw(st.sampled_from(["", "\n", "#", "- ", "\r", "<details>"])) + POST[at + 1 :]
    try:
        post = read(text, DAY)
    except Malformed as error:
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        assert jekyll.write(post) == text


def _line(change: Callable[[list[str], int], None]) -> Callable[[str, Random], str]:
    """A damage to one line, chosen at random."""

    def damaged(text: str, random: Random) -> str:
        lines = text.split("\n")
        change(lines, random.randrange(len(lines) - 1))
        return "\n".join(lines)

    return damaged


def _swap(lines: list[str], at: int) -> None:
    lines[at], lines[at + 1] = lines[at + 1], lines[at]


DAMAGES: dict[str, Callable[[str, Random], str]] = {
    "a line lost": _line(lambda lines, at: lines.__delitem__(at)),
    "a line twice": _line(lambda lines, at: lines.insert(at, lines[at])),
    "two lines swapped": _line(_swap),
    "a blank line more": _line(lambda lines, at: lines.insert(at, "")),
    "blanks at the end of a line": _line(lambda lines, at: lines.__setitem__(at, lines[at] + " \t")),
    "an indented line": _line(lambda lines, at: lines.__setitem__(at, "\t" + lines[at])),
    "one line end of Windows": _line(lambda lines, at: lines.__setitem__(at, lines[at] + "\r")),
    "all line ends of Windows": lambda text, random: text.replace("\n", "\r\n"),
    "a byte order mark": lambda text, random: "\ufeff" + text,
    "no line end at the end": lambda text, random: text.rstrip("\n"),
    "cut off": lambda text, random: text[: random.randrange(len(text))],
    "a strange letter": lambda text, random: "\u2028\u00a0\u202e".join(text.rsplit("的", 1)),
}


@needs_seeds
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_real_post_is_refused_by_line_or_written_again_as_damaged(damage: str) -> None:
    random = Random(damage)
    taken = 0
    for path in sorted(SEEDS.glob("*-arxiv.md")):
        text = DAMAGES[damage](path.read_bytes().decode(), random)
        try:
            post = read(text, dt.date.fromisoformat(path.name[:10]))
        except Malformed as error:
            assert 1 <= error.line <= text.count("\n") + 1
        else:
            assert jekyll.write(post) == text, path.name
            taken += 1
    assert bool(taken) == (damage != "one line end of Windows")


@given(
    st.builds(EntryForm, wraps=st.just(((3, "\n  "),)), gap=st.integers(0, 3), tail=st.none() | st.just("\n"))
)
def test_a_form_is_stored_as_what_differs_from_the_newest_layout(form: EntryForm) -> None:
    stored = form.as_json()
    assert EntryForm.from_json(stored) == form
    assert EntryForm().as_json() == {}
