"""LaTeXML pages to text: what stays, what goes, and in which form."""

import pytest

from papers.extract import Unreadable, text_of
from tests.papers.extract_samples import DATA, PROSE, article, needs_data

MATH = (
    '<math class="ltx_Math" alttext="{tex}" display="{display}"><semantics><mi>DOUBLE</mi></semantics></math>'
)


def section(title: str, body: str, number: str = "1") -> str:
    tag = f'<span class="ltx_tag ltx_tag_section">{number} </span>' if number else ""
    heading = f'<h2 class="ltx_title ltx_title_section">{tag}{title}</h2>'
    return f'<section class="ltx_section">{heading}<div class="ltx_para"><p class="ltx_p">{body}</p></div></section>'


def text_from(body: str) -> str:
    return text_of(article(body + section("Filler", PROSE * 2, "9")), "text/html; charset=utf-8").text


def failure_of(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        text_of(data, "text/html")
    return caught.value.reason


def test_formulae_are_tex_and_appear_once():
    text = text_from(section("Method", f"Let {MATH.format(tex='x_{i}', display='inline')} be given."))
    assert "Let $x_{i}$ be given." in text
    assert "DOUBLE" not in text


def test_a_display_formula_keeps_its_number():
    cell = f'<td class="ltx_eqn_cell">{MATH.format(tex="E=mc^{2}", display="block")}</td>'
    number = '<td class="ltx_eqn_eqno"><span class="ltx_tag ltx_tag_equation">(7)</span></td>'
    row = f'<tr class="ltx_equation ltx_eqn_row">{cell}{number}</tr>'
    text = text_from(
        section("Method", PROSE) + f'<table class="ltx_equation ltx_eqn_table"><tbody>{row}</tbody></table>'
    )
    assert "\n\n$$E=mc^{2}$$ (7)\n\n" in text


def test_an_alignment_is_one_formula_a_row():
    cells = "".join(
        f'<td class="ltx_td">{MATH.format(tex=tex, display="inline")}</td>'
        for tex in (r"\displaystyle a", r"\displaystyle=b")
    )
    row = f'<tr class="ltx_equation ltx_eqn_row">{cells}</tr>'
    text = text_from(
        f'<table class="ltx_equationgroup ltx_eqn_table"><tbody>{row}</tbody><tbody>{row}</tbody></table>'
    )
    assert text.count("$$a =b$$") == 2


def test_wrapped_tex_loses_its_comment_marks():
    text = text_from(section("Method", MATH.format(tex="a+%\nb, 5\\% of c", display="inline")))
    assert "$a+b, 5\\% of c$" in text


def test_a_footnote_stands_once_in_its_place():
    mark = '<sup class="ltx_note_mark">1</sup>'
    inner = f'<span class="ltx_note_content">{mark}<span class="ltx_tag ltx_tag_note">1</span>See the code.</span>'
    note = (
        f'<span class="ltx_note ltx_role_footnote">{mark}<span class="ltx_note_outer">{inner}</span></span>'
    )
    text = text_from(section("Method", f"We release it{note} to all."))
    assert "We release it [Footnote: See the code.] to all." in text
    assert text.count("See the code.") == 1


def test_captions_and_table_cells_can_be_read():
    rows = (
        '<tr class="ltx_tr"><th class="ltx_td">Model</th><th class="ltx_td">BLEU</th></tr>'
        '<tr class="ltx_tr"><td class="ltx_td">Ours</td><td class="ltx_td">28.4</td></tr>'
    )
    caption = '<figcaption class="ltx_caption"><span class="ltx_tag ltx_tag_table">Table 1: </span>Scores.</figcaption>'
    text = text_from(
        f'<figure class="ltx_table">{caption}<table class="ltx_tabular"><tbody>{rows}</tbody></table></figure>'
    )
    assert "Table 1: Scores.\n\nModel | BLEU\nOurs | 28.4\n\n" in text


def test_lists_are_read_item_by_item():
    item = '<li class="ltx_item"><span class="ltx_tag ltx_tag_item">{}</span><div class="ltx_para"><p class="ltx_p">{}</p></div></li>'
    text = text_from(f'<ul class="ltx_itemize">{item.format("•", "one")}{item.format("•", "two")}</ul>')
    assert text.index("one") < text.index("two")
    assert "one two" not in text


def test_banner_contents_authors_and_bibliography_are_left_out():
    bibliography = '<section class="ltx_bibliography"><h2 class="ltx_title">References</h2><ul><li>Knuth 1984</li></ul></section>'
    text = text_from(section("Method", PROSE) + bibliography)
    for unwanted in ("GitHub", "Introduction", "A. Author", "Knuth", "References", "Generated"):
        assert unwanted not in text


def test_an_appendix_after_the_bibliography_stays_and_is_a_section():
    body = (
        section("Method", PROSE * 2)
        + '<section class="ltx_bibliography"><ul><li>Knuth</li></ul></section>'
        + '<section class="ltx_appendix"><h2 class="ltx_title ltx_title_appendix">Appendix A Proofs</h2><p class="ltx_p">Trivial.</p></section>'
    )
    result = text_of(article(body), "text/html")
    assert [heading for heading, _ in result.sections] == ["1 Method", "Appendix A Proofs"]
    assert result.text.endswith("Trivial.")


def test_section_offsets_point_at_the_headings():
    result = text_of(article(section("Method", PROSE * 2) + section("Results", PROSE, "2")), "text/html")
    assert [result.text[start : start + len(heading)] for heading, start in result.sections] == [
        "1 Method",
        "2 Results",
    ]


def test_undefined_macros_do_not_show():
    assert "makecell" not in text_from(
        section("Method", '<span class="ltx_ERROR undefined">\\makecell</span>mAP')
    )


def test_controls_and_bidi_overrides_are_removed():
    assert "evil text" in text_from(section("Method", "ev\u202eil\u200b te\u0007xt"))


def test_a_stub_page_is_a_failed_conversion():
    assert failure_of(
        b"<html><body><h1>No HTML for '2601.00001'</h1><p>HTML is not available.</p></body></html>"
    ) == ("failed_conversion")


def test_a_page_without_text_is_a_failed_conversion():
    assert failure_of(article("")) == "failed_conversion"


def test_a_page_of_undefined_macros_is_a_failed_conversion():
    wreck = '<p class="ltx_p"><span class="ltx_ERROR undefined">\\foo</span> x</p>' * 150
    assert failure_of(article(wreck)) == "failed_conversion"


def test_a_page_that_breaks_off_is_noted():
    whole = article(section("Method", PROSE * 3))
    assert text_of(whole, "text/html").notes == []
    assert text_of(whole[:-60], "text/html").notes == ["the page ends early"]


def test_nesting_beyond_all_reason_is_refused_and_not_cut_silently():
    deep = article(section("Method", PROSE * 3) + "<div>" * 100_000 + "end" + "</div>" * 100_000)
    assert failure_of(deep) == "broken"


def test_entities_of_our_own_expand_to_nothing():
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    doctype = f'<!DOCTYPE html [<!ENTITY a0 "lol"><!ENTITY file SYSTEM "file:///etc/passwd">{entities}]>'
    page = article(section("Method", PROSE * 3 + "&a11;&file;")).replace(b"<!DOCTYPE html>", doctype.encode())
    text = text_of(page, "text/html").text
    assert "root:" not in text
    assert len(text) < 4000


@needs_data
@pytest.mark.parametrize(
    ("name", "sections", "phrase"),
    [
        (
            "1706.03762-latexml087.html",
            24,
            r"$$\mathrm{Attention}(Q,K,V)=\mathrm{softmax}(\frac{QK^{T}}{\sqrt{d_{k}}})V$$ (1)",
        ),
        ("math_0106220-latexml087-mathsheavy.html", 21, "$"),
    ],
)
def test_real_pages_give_sections_and_formulae(name: str, sections: int, phrase: str):
    result = text_of((DATA / "html" / name).read_bytes(), "text/html")
    assert len(result.sections) == sections
    assert phrase in result.text
    assert result.engine == "html"
    assert "Generated" not in result.text


@needs_data
def test_a_real_untitled_document_is_a_failed_conversion():
    page = DATA / "html" / "2412.19437-latexml087-failed-untitled-document.html"
    assert failure_of(page.read_bytes()) == "failed_conversion"
