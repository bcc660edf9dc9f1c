"""The built-in sample edition says of itself only what is true, and its files read like real ones."""

import datetime as dt
import io
import json
import re
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import lxml.html
import pypdfium2
import pytest
from pdfminer.high_level import extract_text

from papers.masking import mask
from tests.fakes import sample
from tests.fakes.model import FakeModel
from tests.fakes.pdf import make_pdf

EASTERN = ZoneInfo("America/New_York")
PAPERS = sample.papers()
WITH_TEXT = [p for p in PAPERS if p["files"] != "none"]
WITH_PDF = [p for p in PAPERS if p["files"] in ("pdf", "both")]
WITH_HTML = [p for p in PAPERS if p["files"] in ("html", "both")]
HAN = r"[\u4e00-\u9fff]"
UNITS = {"万": 1e4, "亿": 1e8, "million": 1e6, "billion": 1e9}


def by_id(paper: dict) -> str:
    return paper["id"]


def numbers(text: str) -> Counter:
    """Every number with the unit that multiplies it; citations, addresses and names such as `x1` are no numbers."""
    text = re.sub(r"\[\d+\]|https?://[\w./-]+", " ", text)
    found = re.findall(r"(?<![A-Za-z0-9_.])(\d+(?:\.\d+)?)(?: ?(万|亿|million|billion))?", text)
    return Counter(f"{float(digits) * UNITS.get(unit, 1):g}" for digits, unit in found)


def formulas(text: str) -> Counter:
    return Counter(re.findall(r"\$[^$]+\$", text))


def body(paper: dict) -> str:
    parts = [p for s in paper["sections"] for p in s["paragraphs"]]
    for figure in paper["figures"]:
        parts += [figure["caption"], *(cell for row in figure.get("rows", []) for cell in row)]
    return "\n".join(parts)


def parts_of(reading: str) -> list[str]:
    return re.split(r"^## \d\) .*$", reading, flags=re.M)[1:]


def visible_length(markdown: str) -> int:
    return len(re.sub(r"\$[^$]*\$|[\s*|$-]", "", markdown.replace("$$", "$")))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


# The edition


def test_there_are_fourteen_papers_with_ids_that_arxiv_never_gives_out():
    assert [p["id"] for p in PAPERS] == [f"2609.{n}" for n in range(99001, 99015)]


def test_the_two_batches_have_the_promised_kinds():
    kinds = [
        Counter(kind for kind, _, _ in sample.announced_on(day))
        for day in (sample.PUBLISHED_DAY, sample.DRAFT_DAY)
    ]
    assert kinds == [{"new": 6, "cross": 2}, {"new": 5, "cross": 1, "replace": 1}]
    assert sample.announced_on(dt.date(2026, 9, 18)) == []


def test_a_listing_shows_new_before_cross_before_replacements():
    rows = [(kind, paper["id"][-2:]) for kind, paper, _ in sample.announced_on(sample.DRAFT_DAY)]
    assert rows == [*(("new", n) for n in ("09", "10", "11", "12", "13")), ("cross", "14"), ("replace", "02")]


def test_every_version_was_submitted_in_the_window_of_its_batch():
    for paper in PAPERS:
        for version in paper["versions"]:
            day = dt.date.fromisoformat(version["announced"])
            end = dt.datetime.combine(day - dt.timedelta(days=1), dt.time(14), EASTERN)
            submitted = dt.datetime.fromisoformat(version["submitted"])
            assert end - dt.timedelta(days=1) <= submitted < end, paper["id"]


def test_the_first_version_agrees_with_the_paper():
    for paper in PAPERS:
        first = paper["versions"][0]
        assert {k: paper[k] for k in ("submitted", "announced", "kind", "comment")} == {
            k: first[k] for k in ("submitted", "announced", "kind", "comment")
        }


def test_a_cross_list_has_its_primary_elsewhere_and_a_new_paper_in_the_digest():
    for paper in PAPERS:
        home = paper["categories"][0] in ("cs.SD", "eess.AS")
        assert home == (paper["kind"] == "new")
        assert {"cs.SD", "eess.AS"} & set(paper["categories"])


def test_now_is_the_shanghai_morning_after_the_second_announcement():
    now = dt.datetime.fromisoformat(sample.NOW)
    local = now.astimezone(ZoneInfo("Asia/Shanghai"))
    assert local.date() == sample.DRAFT_DAY and 9 <= local.hour < 12
    assert now.astimezone(EASTERN) > dt.datetime(2026, 9, 16, 20, tzinfo=EASTERN)


@pytest.mark.parametrize("paper", PAPERS, ids=by_id)
def test_an_invented_paper_says_so_in_both_languages(paper):
    assert paper["title"].endswith(" (Sample)")
    assert paper["zh_title"].endswith("（样例）")
    assert all(v["comment"].startswith("Invented sample paper, not on arXiv") for v in paper["versions"])


def test_one_replacement_is_announced_with_the_second_batch():
    second = [(p["id"], v) for p in PAPERS for v in p["versions"] if v["version"] == 2]
    assert [(i, v["kind"], v["announced"]) for i, v in second] == [("2609.99002", "replace", "2026-09-17")]
    assert second[0][1]["comment"].endswith("minor corrections")


def test_the_mix_of_files_leaves_four_to_pdf_and_one_without_any():
    assert Counter(p["files"] for p in PAPERS) == {"html": 5, "both": 4, "pdf": 4, "none": 1}
    assert [p["files"] for p in PAPERS if p["two_columns"]] == ["pdf"]


def test_three_papers_of_the_draft_day_meet_a_fault_of_the_model():
    faults = {p["model_fault"]: p["announced"] for p in PAPERS if p["model_fault"]}
    assert faults == dict.fromkeys(("refused", "wrong-number", "unavailable"), sample.DRAFT_DAY.isoformat())


def test_papers_returns_fresh_copies():
    sample.papers()[0]["authors"].clear()
    assert sample.papers()[0]["authors"]


def test_the_file_is_readable_utf_8_without_escapes():
    raw = Path(sample.__file__).with_name("papers.json").read_text(encoding="utf-8")
    assert "\\u" not in re.sub(r"\\\\", "", raw)
    assert len(json.loads(raw)) == 14


def test_a_paper_is_found_by_id_with_or_without_version_and_by_its_title_in_a_text():
    assert sample.paper("2609.99004v1")["id"] == sample.paper("2609.99004")["id"] == "2609.99004"
    assert sample.paper("2609.00001") is None
    broken = PAPERS[2]["title"].replace(" ", "\n")
    assert sample.paper_in(f"Read this:\n{broken}\nMore")["id"] == "2609.99003"
    assert sample.paper_in("Attention Is All You Need") is None


# The texts


@pytest.mark.parametrize("paper", PAPERS, ids=by_id)
def test_an_abstract_has_the_length_of_real_ones(paper):
    assert 110 <= len(paper["abstract"].split()) <= 200


@pytest.mark.parametrize("paper", PAPERS, ids=by_id)
def test_a_translation_keeps_every_number_and_adds_none(paper):
    assert numbers(paper["zh_abstract"]) == numbers(paper["abstract"])


@pytest.mark.parametrize("paper", PAPERS, ids=by_id)
def test_a_translation_keeps_formulas_addresses_and_names(paper):
    source, target = paper["abstract"], paper["zh_abstract"]
    assert formulas(target) == formulas(source)
    assert re.findall(r"https?://[\w./-]+\w", target) == re.findall(r"https?://[\w./-]+\w", source)
    names = set(re.findall(r"\b[A-Z][a-z]*[A-Z]\w*", re.sub(r"\$[^$]+\$", "", source)))
    assert {name for name in names if name not in target} <= {"LLMs", "RAM", "GPU"}


@pytest.mark.parametrize("paper", PAPERS, ids=by_id)
def test_a_translation_is_whole(paper):
    words = len(re.findall(HAN + r"|[A-Za-z]+", paper["zh_abstract"]))
    assert 1.25 <= words / len(paper["abstract"].split()) <= 2.3


@pytest.mark.parametrize("paper", PAPERS, ids=by_id)
def test_the_chinese_has_no_spaces_or_half_width_punctuation_beside_han(paper):
    text = (
        paper["zh_title"]
        + paper["zh_abstract"]
        + re.sub(r"^\s*(- |\|.*|## .*)", "", paper["zh_reading"], flags=re.M)
    )
    assert (
        re.findall(rf"{HAN} +[A-Za-z0-9$]|[A-Za-z0-9$%] +{HAN}|{HAN}[,.;:!?()]|[,.;:!?()]{HAN}", text) == []
    )


def test_the_wrong_translation_differs_from_the_right_one_in_one_number_only():
    (paper,) = (p for p in PAPERS if p["model_fault"] == "wrong-number")
    right, wrong = paper["zh_abstract"], paper["zh_abstract_wrong"]
    assert re.split(r"[\d.]+", right) == re.split(r"[\d.]+", wrong)
    assert (numbers(right) - numbers(wrong), numbers(wrong) - numbers(right)) == ({"21.7": 1}, {"12.7": 1})


@pytest.mark.parametrize("paper", WITH_TEXT, ids=by_id)
def test_the_body_is_four_to_six_sections_of_prose(paper):
    assert 4 <= len(paper["sections"]) <= 6
    assert 400 <= len(" ".join(p for s in paper["sections"] for p in s["paragraphs"]).split()) <= 900


@pytest.mark.parametrize("paper", WITH_TEXT, ids=by_id)
def test_every_number_of_a_reading_and_of_the_abstract_occurs_in_the_body(paper):
    known = numbers(body(paper)).keys()
    reading = re.sub(r"^## \d\)", "", paper["zh_reading"], flags=re.M)
    assert numbers(reading).keys() - known == set()
    abstract = re.sub(r'"[^"]*"|\([A-Z][^()]*\d{4}\)', "", paper["abstract"])
    assert numbers(abstract).keys() - known == set()


@pytest.mark.parametrize("paper", WITH_TEXT, ids=by_id)
def test_every_formula_of_a_reading_stands_in_the_paper(paper):
    source = squeezed(paper["abstract"] + body(paper))
    inner = [f.strip("$") for f in re.findall(r"\$\$[^$]+\$\$|\$[^$]+\$", paper["zh_reading"])]
    assert [f for f in inner if squeezed(f) not in source] == []


@pytest.mark.parametrize("paper", WITH_TEXT, ids=by_id)
def test_a_reading_has_three_parts_within_their_limits(paper):
    headings = re.findall(r"^## (.+)$", paper["zh_reading"], flags=re.M)
    assert headings == ["1) 研究背景与既有方法的问题", "2) 核心方法", "3) 任务与效果"]
    lengths = [visible_length(part) for part in parts_of(paper["zh_reading"])]
    assert all(length <= limit for length, limit in zip(lengths, (200, 600, 200), strict=True)), lengths
    assert 500 <= sum(lengths) <= 900
    assert "**" in paper["zh_reading"] and "\n    - " in paper["zh_reading"]


def test_some_readings_have_a_table_and_some_a_display_formula():
    readings = [p["zh_reading"] for p in WITH_TEXT]
    assert sum("| --- |" in r for r in readings) >= 1
    assert sum("\n$$" in r for r in readings) >= 1


def test_a_paper_without_files_has_neither_body_nor_reading():
    (paper,) = (p for p in PAPERS if p["files"] == "none")
    assert (paper["sections"], paper["zh_reading"]) == ([], "")
    assert sample.html_of(paper) is None and sample.pdf_of(paper) is None


# The servers


def ask(fake: FakeModel, message: str) -> urllib.request.Request:
    messages = [{"role": "system", "content": "Translate."}, {"role": "user", "content": message}]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer k"}
    return urllib.request.Request(f"{fake.base_url}/chat/completions", body, headers)


def reply(fake: FakeModel, message: str) -> str:
    with urllib.request.urlopen(ask(fake, message), timeout=5) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]


@pytest.fixture(scope="module")
def model():
    with FakeModel(papers=sample.model_papers()) as fake:
        for title, behaviour in sample.model_faults().items():
            fake.fault_title(title, behaviour)
        yield fake


ANSWERED = [p for p in PAPERS if p["model_fault"] not in ("refused", "unavailable")]


@pytest.mark.parametrize("paper", ANSWERED, ids=by_id)
def test_masks_come_back_exactly_once_and_unmask_to_the_translation(paper, model):
    title, abstract = mask(paper["title"]), mask(paper["abstract"])
    answer = json.loads(reply(model, json.dumps({"title": title.text, "abstract": abstract.text})))
    assert abstract.faults(answer["abstract"]) == {}
    assert title.put_back(answer["title"]) == paper["zh_title"]
    assert abstract.put_back(answer["abstract"]) == paper.get("zh_abstract_wrong", paper["zh_abstract"])


@pytest.mark.parametrize("paper", [p for p in ANSWERED if p["files"] != "none"], ids=by_id)
def test_the_model_knows_the_reading_of_a_full_text(paper, model):
    page = sample.html_of(paper)
    text = lxml.html.fromstring(page).text_content() if page else pdfium_text(sample.pdf_of(paper))
    assert reply(model, text) == paper["zh_reading"]


@pytest.mark.parametrize(("fault", "status"), [("refused", 400), ("unavailable", 503)])
def test_the_model_turns_two_papers_away(fault, status, model):
    (paper,) = (p for p in PAPERS if p["model_fault"] == fault)
    with pytest.raises(urllib.error.HTTPError) as error:
        reply(model, json.dumps({"title": paper["title"], "abstract": paper["abstract"]}))
    error.value.close()
    assert error.value.code == status


def test_some_abstracts_hold_formulas_one_an_address_and_one_a_citation():
    kinds = Counter(span[0] for p in PAPERS for span in mask(p["abstract"]).spans.values())
    assert kinds["$"] >= 5 and kinds["h"] == 1
    assert [p["id"] for p in PAPERS if re.search(r"\([A-Z]\w+ et al\., \d{4}\)", p["abstract"])] == [
        "2609.99004"
    ]


# The files


def pdfium_text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return "\n\f".join(page.get_textpage().get_text_range() for page in document)


def pdfminer_text(data: bytes) -> str:
    return extract_text(io.BytesIO(data))


ENGINES = pytest.mark.parametrize("read", [pdfium_text, pdfminer_text])


@ENGINES
@pytest.mark.parametrize("paper", WITH_PDF, ids=by_id)
def test_both_engines_read_a_sample_pdf_in_order(paper, read):
    text = squeezed(read(sample.pdf_of(paper)))
    assert squeezed(paper["title"]) in text
    headings = [
        "Abstract",
        *(f"{n} {s['heading']}" for n, s in enumerate(paper["sections"], 1)),
        "References",
    ]
    places = [text.index(squeezed(heading)) for heading in headings]
    assert places == sorted(places)


@ENGINES
@pytest.mark.parametrize("paper", WITH_PDF, ids=by_id)
def test_both_engines_find_every_number_of_the_body(paper, read):
    text = read(sample.pdf_of(paper))
    assert {n for n in re.findall(r"\d+\.\d+", body(paper)) if n not in text} == set()


@pytest.mark.parametrize("paper", WITH_PDF, ids=by_id)
def test_a_sample_pdf_has_several_pages_with_numbers_and_running_heads(paper):
    pages = pdfium_text(sample.pdf_of(paper)).split("\f")
    assert len(pages) >= 2
    assert all(re.search(rf"^{n}\s*$", page, re.M) for n, page in enumerate(pages, 1))
    assert all(squeezed(paper["title"]) in squeezed(page) for page in pages)
    assert "Invented sample paper" in pages[0]


@ENGINES
def test_columns_are_read_one_after_the_other(read):
    words = " ".join(f"w{n:04d}" for n in range(1500))
    data = make_pdf("Columns", ["A"], [{"heading": "Introduction", "paragraphs": [words]}], two_columns=True)
    found = re.findall(r"w\d{4}", read(data))
    assert found == words.split()


def test_a_two_column_pdf_breaks_long_words_at_the_end_of_lines():
    (paper,) = (p for p in PAPERS if p["two_columns"])
    data = sample.pdf_of(paper)
    halves = re.findall(r"([a-z]{3,})[-\x02\ufffe]\s*\n([a-z]{3,})", pdfminer_text(data))
    assert halves and all(
        a + b in body(paper).lower() + paper["abstract"].lower() for a, b in halves if len(a + b) > 8
    )


def test_the_cross_reference_table_points_at_every_object():
    data = sample.pdf_of(WITH_PDF[0])
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF", data)[1])
    offsets = [int(o) for o in re.findall(rb"(\d{10}) 00000 n ", data[start:])]
    assert data[start:].startswith(b"xref\n")
    assert all(data[o:].startswith(b"%d 0 obj" % n) for n, o in enumerate(offsets, 1))


@ENGINES
def test_greek_and_operators_survive_in_a_pdf(read):
    data = make_pdf(
        "T", ["Zoë"], [{"heading": "M", "paragraphs": [r"Let $\lambda \leq 0.2$ and $x \in \Omega$."]}]
    )
    assert squeezed("Let λ ≤ 0.2 and x ∈ Ω.") in squeezed(read(data)).replace("Ω", "Ω")


def test_a_character_without_a_glyph_is_an_error_and_not_a_question_mark():
    with pytest.raises(UnicodeEncodeError):
        make_pdf("标题", ["A"], [])


def test_an_empty_paper_is_still_a_pdf_of_one_page():
    assert len(pypdfium2.PdfDocument(make_pdf("Only a Title", ["A"], []))) == 1


@pytest.mark.parametrize("paper", WITH_HTML, ids=by_id)
def test_a_page_is_one_latexml_article_with_every_section(paper):
    root = lxml.html.fromstring(sample.html_of(paper))
    (article,) = root.xpath('//article[contains(@class, "ltx_document")]')
    assert article.findtext("h1") == paper["title"]
    headings = [
        h.text_content().split(maxsplit=1)[1].strip()
        for h in article.xpath("section[@class='ltx_section']/h2")
    ]
    assert headings == [s["heading"] for s in paper["sections"]]
    assert len(article.xpath('.//*[@class="ltx_bibitem"]')) == len(paper["references"])
    assert len(article.xpath(".//figcaption")) == len(paper["figures"])


@pytest.mark.parametrize("paper", WITH_HTML, ids=by_id)
def test_every_formula_of_a_page_carries_its_tex(paper):
    root = lxml.html.fromstring(sample.html_of(paper))
    shown = Counter(m.get("alttext") for m in root.iter("math"))
    text = paper["abstract"] + "\n" + body(paper)
    assert shown == Counter(a or b for a, b in re.findall(r"\$\$([^$]+)\$\$|\$([^$]+)\$", text))
    assert all(m.xpath("string(.//annotation)") == m.get("alttext") for m in root.iter("math"))


def test_formulas_are_real_mathml():
    page = next(sample.html_of(p).decode() for p in WITH_HTML if p["id"] == "2609.99005")
    assert "<msub><mi>s</mi><mrow><mi>t</mi></mrow></msub>" in page
    assert "<mo>&gt;</mo><mi>θ</mi>" in page


def test_noise_of_the_site_stands_outside_the_article():
    page = sample.html_of(WITH_HTML[0]).decode()
    inside = page[page.index("<article") : page.index("</article>")]
    assert "Report GitHub Issue" in page and "Report GitHub Issue" not in inside
    assert "ltx_TOC" in page and "ltx_TOC" not in inside
