import re
from pathlib import Path

import pytest

from papers.taxonomy import (
    ALIASES,
    CATEGORIES,
    ArxivId,
    canonical,
    canonical_all,
    category,
    names_of,
    parse_id,
)

SETS = Path(__file__).parents[3] / "shared/data/oai/generated_ListSets.xml"


def test_every_category_has_one_row_and_both_names():
    assert len({one.code for one in CATEGORIES}) == len(CATEGORIES) == 152
    for one in CATEGORIES:
        assert one.name_en.isascii()
        assert one.name_en
        assert re.search("[\u4e00-\u9fff]", one.name_zh), one
        assert canonical(one.code) == one.code


def test_no_two_categories_share_a_chinese_name():
    assert len({one.name_zh for one in CATEGORIES}) == len(CATEGORIES)


def test_every_set_of_arxivs_own_server_is_a_known_category():
    if not SETS.exists():
        pytest.skip("../shared/data is absent")
    rows = re.findall(r"<setSpec>([^<]+)</setSpec>\s*<setName>([^<]+)", SETS.read_text(encoding="utf-8"))
    assert len(rows) > 150
    for spec, name in rows:
        *_, archive, subject = spec.split(":") if spec.count(":") == 2 else ("", spec.split(":")[-1], "")
        if subject:
            code = f"{archive}.{subject}"
            assert canonical(code), spec
            if code not in ALIASES:
                assert category(code).name_en == name


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ("cs.SY", "eess.SY"),
        ("cs.NA", "math.NA"),
        ("math.IT", "cs.IT"),
        ("math.MP", "math-ph"),
        ("stat.TH", "math.ST"),
        ("q-fin.EC", "econ.GN"),
        ("cmp-lg", "cs.CL"),
        ("chao-dyn", "nlin.CD"),
    ],
)
def test_an_alias_means_its_canonical_category(other, code):
    assert canonical(other) == code
    assert names_of(other) == names_of(code)
    assert names_of(code)[0] == code
    assert other in names_of(code)


def test_case_and_blanks_do_not_matter():
    assert canonical(" CS.cl ") == "cs.CL"
    assert canonical("Physics.Data-AN") == "physics.data-an"


@pytest.mark.parametrize("code", ["I.2.6", "68T50", "cs", "cs.XX", "", "cs.CL; I.2.7", "../cs.CL"])
def test_anything_else_is_unknown(code):
    assert canonical(code) is None
    assert names_of(code) == ()
    assert category(code) is None


def test_a_list_of_codes_keeps_its_order_and_loses_twins_and_acm_classes():
    assert canonical_all(["cs.SY", "I.2.6", "cs.LG", "eess.SY"]) == ("eess.SY", "cs.LG")


@pytest.mark.parametrize(
    ("text", "bare", "version"),
    [
        ("2601.18904", "2601.18904", None),
        ("2601.18904v12", "2601.18904", 12),
        ("0704.0001", "0704.0001", None),
        ("1412.9999v2", "1412.9999", 2),
        ("hep-th/9901001", "hep-th/9901001", None),
        ("quant-ph/0201082v1", "quant-ph/0201082", 1),
        ("math.GT/0309136", "math/0309136", None),
        ("cond-mat.mtrl-sci/0309136", "cond-mat/0309136", None),
        ("physics.bio-ph/0309136v3", "physics/0309136", 3),
        ("arXiv:2601.18904v1", "2601.18904", 1),
        ("oai:arXiv.org:hep-th/9901001", "hep-th/9901001", None),
        ("https://arxiv.org/abs/2601.18904v1", "2601.18904", 1),
        ("http://export.arxiv.org/abs/hep-th/9901001", "hep-th/9901001", None),
        ("https://arxiv.org/pdf/2601.18904v1.pdf", "2601.18904", 1),
        ("arxiv.org/html/2601.18904", "2601.18904", None),
        (" 2601.18904\n", "2601.18904", None),
    ],
)
def test_identifiers_are_read_in_every_form_people_use(text, bare, version):
    assert parse_id(text) == ArxivId(bare, version)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "0000.0000",
        "2613.00001",
        "2600.00001",
        "2601.0001",
        "0808.05394",
        "0703.0001",
        "2601.18904v0",
        "2601.18904v",
        "2601.18904v1v2",
        "2601.189041",
        "hep-th/0704001",
        "hep-th/9113001",
        "nosuch/9901001",
        "hep-th/99010011",
        "../2601.18904",
        "2601.18904/../../etc",
        "2601.18904?x=1",
        "2601.18904#a",
        "2601.18904 2601.18905",
        "https://evil.example/abs/2601.18904",
        "https://arxiv.org.evil.example/abs/2601.18904",
        "https://arxiv.org/abs/../2601.18904",
        "２６０１.18904",
        "2601.18904\x00",
    ],
)
def test_everything_else_is_not_an_identifier(text):
    assert parse_id(text) is None


def test_identifiers_sort_in_the_order_they_were_announced():
    texts = [
        "2601.00001",
        "2512.24880",
        "hep-th/9901001",
        "0704.0001",
        "hep-th/0703999",
        "2601.18904",
        "hep-th/9112001",
    ]
    ordered = sorted((parse_id(text) for text in texts), key=lambda one: one.sort_key)
    assert [str(one) for one in ordered] == [
        "hep-th/9112001",
        "hep-th/9901001",
        "hep-th/0703999",
        "0704.0001",
        "2512.24880",
        "2601.00001",
        "2601.18904",
    ]


def test_an_identifier_prints_as_it_is_written():
    for text in ("2601.18904v2", "hep-th/9901001"):
        assert str(parse_id(text)) == text
