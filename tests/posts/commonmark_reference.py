"""The seed readings, and what the reference implementation of CommonMark in Python makes of them.

Two renderings agree when, formulae and links apart, their elements and the text in each are the same.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from lxml import html as lxml_html
from markdown_it import MarkdownIt

from posts.rendering.characters import TOKEN, printable
from posts.rendering.formulae import lift

SEED_POSTS = Path(__file__).parents[3] / "shared" / "data" / "seed-posts"
_READING = re.compile(r'<div markdown="1">\n(.*?)\n</div>', re.DOTALL)
_ABSTRACT = re.compile(r"^- \*\*PDF\*\*:[^\n]*\n(.*?)\n<details>", re.DOTALL | re.MULTILINE)
_FORMULA = "Ⓜ"
_HEADING = re.compile(r"(</?h)([1-6])(?=>)")
_UNWRAPPED = {"a", "br", "div", "span", "tight"}
_REFERENCE = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def readings() -> list[str]:
    return list(_found(_READING))


def abstracts() -> list[str]:
    return [text.strip() for text in _found(_ABSTRACT)]


def titles() -> list[str]:
    return list(_found(re.compile(r"^## (.+)$(?=\n- \*\*Authors)", re.MULTILINE)))


def _found(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in sorted(SEED_POSTS.glob("*.md")):
        if path.name != "NOTE.md":
            yield from pattern.findall(path.read_text(encoding="utf-8"))


def reference_html(markdown: str) -> str:
    lifted, _ = lift(printable(markdown))
    html = (
        str(_REFERENCE.render(TOKEN.sub(_FORMULA, lifted))).replace("<s>", "<del>").replace("</s>", "</del>")
    )
    return _HEADING.sub(lambda tag: f"{tag[1]}{min(6, max(3, int(tag[2]) + 1))}", html)


def shape(html: str, emphasis: bool = True) -> list[str]:
    """Elements and texts in order, white space, links and formulae aside; without `emphasis`, strong is aside too."""
    events: list[str] = []
    _walk(lxml_html.fragment_fromstring(html, create_parent="div"), events, emphasis)
    return [event for event in _joined(events) if event]


def _walk(node: Element, events: list[str], emphasis: bool) -> None:
    tag = str(node.tag)
    if tag == "math":
        events.append(_FORMULA)
    else:
        named = tag not in _UNWRAPPED and (emphasis or tag not in ("strong", "em"))
        events.append(f"<{tag} {node.get('start', '')}>" if named else "")
        events.append(node.text or "")
        for child in node:
            _walk(child, events, emphasis)
        events.append(f"</{tag}>" if named else "")
    events.append(node.tail or "")


def _joined(events: list[str]) -> Iterator[str]:
    """Neighbouring texts as one, without white space."""
    text = ""
    for event in events:
        if event.startswith("<") and event.endswith(">") and len(event) > 2:
            yield text
            text = ""
            yield event
        else:
            text += "".join(event.split())
    yield text
