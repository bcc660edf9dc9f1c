"""The renderer against hostile text: properties, attacks, and inputs that make others take quadratic time."""

import re
import time
from collections import Counter
from collections.abc import Callable

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from posts.rendering import MAX_LENGTH, abstract_html, plain, title_html, to_html
from posts.rendering.cleaning import SCHEMES, TAGS, clean

MARKUP = st.sampled_from(
    [
        "*",
        "**",
        "***",
        "_",
        "__",
        "~~",
        "`",
        "``",
        "```",
        "$",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "[",
        "]",
        "(",
        ")",
        "![",
        "](",
        "<",
        ">",
        "&",
        "&lt;",
        "&#60;",
        "\\",
        "|",
        "|-|-|",
        "-",
        "1.",
        "1)",
        "1、",
        ">",
        "#",
        "===",
        "---",
        ":",
        "\\begin{align}",
        "\\end{align}",
        "\\text{",
        "\\frac",
        "\\sqrt",
        "\\left(",
        "\\right)",
        "\\href{",
        "\\def",
        '\\"o',
        "\\'{e}",
        "{",
        "}",
        "^",
        "_",
        "~",
        "\t",
        "\n",
        "\n\n",
        "<script>",
        "</script>",
        "<img",
        "onerror=x",
        "src=y>",
        "javascript:",
        "data:",
        "https://a.example/",
        "mailto:a@b.example",
        "onclick=",
        "<svg>",
        "<math>",
        "<annotation-xml>",
        "<style>",
        "<!--",
        "-->",
        "]]>",
        "注意：",
        "正文",
        "“重点”",
        "（甲）",
        "，",
        "abc",
        "5",
        "2.00",
        "\ufdd0",
        "0",
        "\ufdd1",
        "\x00",
        "\u202e",
    ]
    + [" ", "  ", "    ", "\n", "\n\n", "\t"]
)
TEXTS = st.one_of(st.lists(MARKUP, max_size=40).map("".join), st.text(max_size=80))
RENDERERS = [to_html, abstract_html, title_html]
_GLYPH = re.compile(r"[A-Za-z0-9\u4e00-\u9fff]")


def tree(html: str) -> etree._Element:
    return lxml_html.fragment_fromstring(html, create_parent="div")


def assert_harmless(html: str) -> None:
    for node in tree(html).iter():
        if node.tag == "div" and node.getparent() is None:
            continue
        assert node.tag in TAGS
        for name, value in node.attrib.items():
            assert not name.startswith("on") and name not in ("style", "id", "src", "xlink:href")
            if name == "href":
                assert node.tag == "a"
                assert value.split(":")[0].lower() in SCHEMES
                assert "nofollow" in node.get("rel", "")
            if name == "class":
                assert value in ("left", "center", "right")


@pytest.mark.parametrize("render", RENDERERS)
@settings(max_examples=250, deadline=None)
@given(text=TEXTS)
def test_any_text_gives_only_what_the_allowlist_names(render: Callable[[str], str], text: str) -> None:
    html = render(text)
    assert_harmless(html)
    assert clean(html) == html


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_any_text_makes_plain_text_of_one_line(text: str) -> None:
    assert not re.search(r"[\x00-\x1f\u202e\ufdd0]", plain(text))


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="甲乙abc 0123*_`~[]()<>&|#-+.!:：，。“”（）\n\"'", max_size=120))
def test_no_letter_digit_or_han_is_lost(text: str) -> None:
    """Numbers of lists and addresses of images are markup; addresses and numbers are left out of the alphabet's check."""
    shown = Counter(_GLYPH.findall(visible(to_html(text))))
    written = Counter(_GLYPH.findall(text))
    for glyph in "甲乙abc":
        assert shown[glyph] >= written[glyph] - hidden(text, glyph)


def visible(html: str) -> str:
    node = tree(html)
    return "".join(node.itertext()) + "".join(anchor.get("href") for anchor in node.iter("a"))


def hidden(text: str, glyph: str) -> int:
    """The info string of a fence is the one place where letters are markup."""
    fences = re.findall(r"(?:```+|~~~+)([^\n]*)", text)
    return sum(info.count(glyph) for info in fences)


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<javascript:alert(1)>",
        '[x](https://a.example/"onmouseover="alert(1))',
        '[x](https://a.example "t" onclick=alert(1))',
        "![x](https://a.example/track.gif)",
        "[x][1]\n\n[1]: javascript:alert(1)",
        "$\\text{<script>alert(1)</script>}$",
        "$\\href{javascript:alert(1)}{x}$",
        "\\href{javascript:alert(1)}{x}",
        "$\\style{background:url(https://a.example)}{x}$",
        "$\\class{a}{x}$",
        "$x</annotation></semantics></math><script>alert(1)</script>$",
        "$</math><img src onerror=alert(1)>$",
        "$\\text{</mtext><img src onerror=alert(1)>}$",
        "$\\unicode{60}script>$",
        "$\\mathbackground{url(x)}{y}$",
        "```html\n<script>alert(1)</script>\n```",
        "`<script>alert(1)</script>`",
        "| <script> |\n|---|\n| <img onerror=x> |",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
        "x{: onclick=alert(1)}",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "\ufdd00\ufdd1<script>",
    ],
)
@pytest.mark.parametrize("render", RENDERERS)
def test_attacks_come_out_as_text(render: Callable[[str], str], attack: str) -> None:
    html = render(attack)
    assert_harmless(html)
    assert not re.search(
        r"<(?!/?(?:math|m[a-z]+|semantics|annotation|p|a|code|pre|table|thead|tbody|t[rhd])\b)", html
    )


def test_the_allowlist_is_idempotent_and_knows_no_dangerous_element() -> None:
    assert not TAGS & {
        "script",
        "style",
        "img",
        "svg",
        "iframe",
        "annotation-xml",
        "mglyph",
        "maction",
        "malignmark",
    }
    assert nh3.clean("<p>x</p>") == clean("<p>x</p>")


BOMBS = {
    "open brackets": "[" * 5000,
    "open images": "![" * 3000,
    "open links": "[a](" * 3000,
    "closed brackets": "[" * 4000 + "]" * 4000,
    "quotes": ">" * 5000,
    "quotes in lines": "\n".join("> " * depth + "a" for depth in range(200)),
    "lists on a line": "- " * 5000 + "a",
    "lists in lines": "\n".join("  " * depth + "- a" for depth in range(200)),
    "stars": "*" * 20000,
    "openers": "**a " * 8000,
    "mixed emphasis": "*a **b _c " * 3000 + "_ ** *" * 3000,
    "dollars": "$" * 20000,
    "open dollars": "$a " * 10000,
    "backticks": "`" * 20000,
    "single backticks": "`a " * 10000,
    "growing backticks": " ".join("`" * length for length in range(200)),
    "open brackets of maths": "\\[a " * 8000,
    "open environments": "\\begin{align}" * 4000,
    "open commands": "\\textbf{" * 4000,
    "open groups": "{\\bf " * 4000,
    "less-than": "<" * 20000,
    "ampersands": "&#x" * 8000,
    "bars": "|a" * 3000 + "\n" + "|-" * 3000 + "\n" + ("|b" * 3000 + "\n") * 3,
    "address": "https://a.example/" + "(" * 20000,
    "spaces": " " * 50000 + "a",
    "hashes": "#" * 20000,
    "nested braces in a formula": "$" + "{" * 1400 + "x" + "}" * 1400 + "$",
    "roots": "$" + "\\sqrt" * 500 + "x$",
    "fences": "```\n" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_take_less_than_a_second_and_lose_nothing(name: str) -> None:
    start = time.process_time()
    html = to_html(BOMBS[name])
    assert time.process_time() - start < 1
    assert_harmless(html)


@pytest.mark.parametrize(
    "tex",
    [
        "\\newcommand{\\a}{\\b\\b}\\newcommand{\\b}{\\c\\c}\\a",
        "\\def\\a{\\a\\a}\\a",
        "x" * 5000,
        "{" * 100 + "x" + "}" * 100,
        "\\input{/etc/passwd}",
        "\\frac{1}",
        "\\unknownmacro",
    ],
)
def test_a_formula_that_cannot_be_converted_is_shown_as_source(tex: str) -> None:
    html = to_html(f"\\({tex}\\)")
    assert "<math" not in html
    assert tex in html.replace("<code>", "").replace("</code>", "")


def test_a_text_beyond_the_limit_is_shown_plain() -> None:
    html = to_html("**甲** " * MAX_LENGTH)
    assert html.startswith("<p>**甲** **甲**")
