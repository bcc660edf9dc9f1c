"""The HTML of an item: a paper with its whole text in both languages, or a day as a list.

Written without the template engine: a feed has fifty of these. Every address in it is whole.
"""

import re
from collections.abc import Iterable
from html import escape, unescape

from papers.models import Correction
from posts import addresses
from posts.cards import Card
from posts.feeds.site import absolute
from posts.models import DailyPost

_ANNOTATION = re.compile(r"<annotation\b[^>]*>.*?</annotation>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def of_paper(card: Card, corrections: Iterable[Correction] = ()) -> str:
    """English title, who, review mark, both abstracts, the reading, corrections, links."""
    html = card.html
    # Readers show the item's title, which is plain text: formulae are repeated here as they should look.
    title = f"<p><b>{html.title}</b></p>\n" if "<math" in html.title else ""
    return (
        f"{title}{_english_title(card, 'b')}<p>{_authors(card)}</p>\n"
        f"<p>{_categories(card)}</p>\n<p>{_mark(card)}</p>\n{_notice(card)}"
        f"<h2>摘要</h2>\n{html.abstract}\n{_english_abstract(html.english_abstract)}"
        f"{_part('详细解读', html.reading)}{_corrections(corrections)}<p>{_links(card)}</p>"
    )


def of_day(post: DailyPost, cards: list[Card]) -> str:
    """The day's counts, then each paper with both titles, its abstract and its mark."""
    page = absolute(addresses.day(post.digest.slug, post.date))
    head = f"arXiv 公布 {post.fetched} 篇 · 本期 {len(cards)} 篇 · {_link(page, '在本站阅读全文')}"
    return f"<p>{head}</p>\n" + ("\n".join(map(_listed, cards)) or f"<p>{_nothing(post)}</p>")


def text_of(html: str) -> str:
    """What rendered HTML says, as one line of plain text: formulae without their TeX."""
    return " ".join(unescape(_TAG.sub("", _ANNOTATION.sub("", html))).split())


def _listed(card: Card) -> str:
    html = card.html
    return (
        f"<h2>{_link(absolute(card.url), html.title)}</h2>\n"
        f"{_english_title(card)}<p>{_authors(card)}</p>\n{html.abstract}\n"
        f"<p>{_mark(card)} · {_link(card.abs_url, 'arXiv')} · {_link(card.pdf_url, 'PDF')}</p>"
    )


def _english_title(card: Card, tag: str = "span") -> str:
    """Nothing for papers of the old site: their title is the English one already."""
    return f'<p lang="en"><{tag}>{card.html.english_title}</{tag}></p>\n' if card.has_chinese_title else ""


def _english_abstract(html: str) -> str:
    """Nothing until arXiv has told what an old post did not have."""
    return f'<h2>Abstract</h2>\n<div lang="en">{html}</div>\n' if html else ""


def _nothing(post: DailyPost) -> str:
    if post.fetched:
        return "这一天的论文还在翻译或审校中。"
    return "arXiv 在这一天没有公布这些分类的新论文。"


def _authors(card: Card) -> str:
    more = f" 等 {len(card.authors)} 人" if card.other_authors else ""
    return escape(", ".join(card.first_authors)) + more


def _categories(card: Card) -> str:
    return " · ".join(escape(f"{one.code} {one.name}".strip()) for one in card.categories)


def _mark(card: Card) -> str:
    return f"审校：{escape(card.reviewer)}" if card.is_reviewed else "机器翻译，未经审校"


def _notice(card: Card) -> str:
    return "<p><strong>作者已在 arXiv 撤回这篇论文。</strong></p>\n" if card.paper.withdrawn else ""


def _part(heading: str, html: str) -> str:
    return f"<h2>{heading}</h2>\n{html}\n" if html else ""


def _corrections(corrections: Iterable[Correction]) -> str:
    rows = "".join(f"<li>{one.at:%Y-%m-%d} {escape(one.what)}</li>" for one in corrections)
    return _part("更正", f"<ul>{rows}</ul>" if rows else "")


def _links(card: Card) -> str:
    page = absolute(card.url)
    html = [_link(card.html_url, "HTML")] if card.html_url else []
    return " · ".join(
        [_link(card.abs_url, "arXiv"), _link(card.pdf_url, "PDF"), *html]
        + [_link(page, "本站页面"), _link(f"{page}report/", "报错")]
    )


def _link(address: str, html: str) -> str:
    return f'<a href="{escape(address)}">{html}</a>'
