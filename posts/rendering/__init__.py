"""Markdown and TeX, as language models and arXiv write them -> safe HTML: the one renderer, the one allowlist.

Order: unprintable characters out, formulae lifted to tokens, Markdown, formulae back as MathML, nh3 last. No function
here raises for any string, and none takes more than linear time; what is too long or too deep is shown as plain text.

`to_html` reads as CommonMark (with GFM tables and `~~`) would, and differs from it on purpose only here:
- emphasis beside Chinese punctuation works (`**注意：**正文`), and so do `** 粗体 **` and `__粗体__` between Han;
- a `*` between digits (`3*3`) is a sign; `1、` begins a numbered item;
- HTML and link definitions are text, images are their description, bare web addresses are links;
- a line end between Han vanishes; a line that begins with `（1）`, `①` or `•` keeps its line;
- headings move down: 1 and 2 become h3, 3 becomes h4, …, for h1 and h2 belong to the page and the paper.
"""

import re
from xml.etree.ElementTree import Element, SubElement

from posts.rendering import engine, inline, styles
from posts.rendering.characters import printable
from posts.rendering.cleaning import clean
from posts.rendering.formulae import lift

# Goes up when the same Markdown gives other HTML; stored HTML with a smaller number is rendered again.
RENDERER_VERSION = 2

# Ten times the longest reading; what is longer is shown as plain text, so that no text takes a second.
MAX_LENGTH = 60_000

_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")


def to_html(markdown: str) -> str:
    """A reading as HTML blocks. Links carry rel; there are no images, no styles and no ids."""
    text = printable(markdown)
    if len(text) > MAX_LENGTH:
        return clean(_plain_paragraphs(text))
    return clean(engine.html(*lift(text)))


def title_html(text: str) -> str:
    """A title as inline HTML: formulae, TeX accents and text commands; no links, no Markdown."""
    holder = Element("span")
    _read(holder, " ".join(printable(text)[:MAX_LENGTH].split()), styles.TITLE)
    return clean(_inside(holder))


def abstract_html(text: str) -> str:
    """An abstract as paragraphs with formulae; emphasis, code and web addresses as in Markdown, nothing else."""
    text = printable(text).strip()
    if len(text) > MAX_LENGTH:
        return clean(_plain_paragraphs(text))
    holder = Element("div")
    for paragraph in _PARAGRAPHS.split(text):
        _read(SubElement(holder, "p"), _unindented(paragraph), styles.ABSTRACT)
    return clean(_inside(holder)) if text else ""


def plain(text: str) -> str:
    """One line of text for feed titles, descriptions and search: accents in Unicode, formulae without delimiters."""
    holder = Element("span")
    text = " ".join(printable(text)[:MAX_LENGTH].split())
    _read(holder, text, styles.PLAIN)
    return " ".join("".join(holder.itertext()).split())


def _read(holder: Element, text: str, style: styles.Style) -> None:
    lifted, formulae = lift(text, markdown=style.code)
    inline.fill(holder, lifted, formulae, style)


def _unindented(paragraph: str) -> str:
    return "\n".join(line.strip(" \t") for line in paragraph.split("\n"))


def _plain_paragraphs(text: str) -> str:
    holder = Element("div")
    for paragraph in _PARAGRAPHS.split(text):
        SubElement(holder, "p").text = paragraph
    return _inside(holder)


def _inside(holder: Element) -> str:
    html = engine.serialize(holder)
    return html[html.index(">") + 1 : html.rindex("<")]
