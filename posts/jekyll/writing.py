"""Writing posts of the old site: `OldPost` -> text."""

from .values import BOM, CHINESE_TITLE, MINUTE, USUAL_FRONT, OldEntry, OldPost, usual_title


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
