import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.harvest.text import clean, clean_abstract


@pytest.mark.parametrize(
    ("dirty", "text"),
    [
        ("a\x00b", "ab"),
        ("page\x0cbreak", "page break"),
        ("two\n  lines", "two lines"),
        ("\u202eevil\u202c name", "evil name"),
        ("left\u2066right\u2069", "leftright"),
        ("half \ud800 pair", "half pair"),
        ("\ufeffmark\uffff\ufffe", "mark"),
        ("plane \U0001ffff end", "plane end"),
        ("Erdo\u030bs", "Erdős"),
        ("x² stays", "x² stays"),
        ("no\u00a0break\u2028line", "no break line"),
        (None, ""),
    ],
)
def test_what_must_never_be_stored_is_removed(dirty, text):
    assert clean(dirty) == text


def test_an_abstract_keeps_its_paragraphs_and_loses_its_line_ends():
    raw = "  First line\nof one paragraph.\n  A second\r\nparagraph.\n\n\nA third.\n"
    assert clean_abstract(raw) == "First line of one paragraph.\n\nA second paragraph.\n\nA third."


@given(st.text(st.characters(codec=None)))
def test_clean_text_is_stable_and_can_be_stored(text):
    for wash in (clean, clean_abstract):
        once = wash(text)
        assert wash(once) == once
        assert "\x00" not in once
        once.encode("utf-8")
        assert {unicodedata.category(sign) for sign in once} & {"Cc", "Cs"} <= (
            {"Cc"} if "\n" in once else set()
        )
