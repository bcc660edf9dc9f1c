"""PDF to text: order of reading, headings, what is dropped, what is mended."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from papers.extract import Extracted, Unreadable, text_of
from tests.papers.extract_samples import DATA, PROSE, Placed, column, needs_data, paper_of

BODY = [
    "We measure what the model of this paper does with the words of a text,",
    "and we find that it is better on all of the sets that are used in the",
    "field for this task, as the table of the results in this section shows.",
]


def extracted(*pages: list[Placed]) -> Extracted:
    return text_of(paper_of(*pages), "application/pdf")


def real(name: str) -> Extracted:
    return text_of((DATA / "pdf" / f"{name}.pdf").read_bytes(), "application/pdf")


def in_order(text: str, *phrases: str) -> bool:
    places = [text.find(phrase) for phrase in phrases]
    return -1 not in places and places == sorted(places)


def test_wrapped_lines_become_one_paragraph():
    assert extracted(column(BODY)).text == " ".join(BODY)


def test_an_indented_line_after_a_full_stop_begins_a_paragraph():
    second = [
        (90, 664, "We then ask the same of the other model in the"),
        (72, 652, "field, and it is the same for that one."),
    ]
    assert extracted([*column(BODY), *second]).text.split("\n\n")[1].startswith("We then ask")


def test_a_word_cut_at_a_line_end_is_one_word():
    lines = ["The use of the trans-", "former is what we show in this paper and in all of the", *BODY]
    assert "the transformer is" in extracted(column(lines)).text


def test_a_compound_cut_at_its_hyphen_keeps_it():
    lines = [
        "The mel frequency of a mel scale and its frequency is in the mel-",
        "frequency spectrogram of it.",
        *BODY,
    ]
    assert "the mel-frequency spectrogram" in extracted(column(lines)).text


def test_numbered_and_named_headings_are_sections():
    lines = [
        "*Abstract",
        *BODY,
        "*1 Introduction",
        *BODY,
        "*2 The Model of Words",
        *BODY,
        "*3 Results",
        *BODY,
    ]
    result = extracted(column(lines))
    assert [heading for heading, _ in result.sections] == [
        "Abstract",
        "1 Introduction",
        "2 The Model of Words",
        "3 Results",
    ]
    assert all(result.text[start:].startswith(heading) for heading, start in result.sections)


def test_a_numbered_line_out_of_sequence_is_no_heading():
    lines = ["*1 Introduction", *BODY, "*7 Dwarfs", *BODY, "*2 Method", *BODY, "*3 Results", *BODY]
    assert "7 Dwarfs" not in dict(extracted(column(lines)).sections)


def test_a_number_in_a_figure_is_no_section_where_sections_have_points():
    lines = []
    for title in ("1. Introduction", "2. Method", "2 Layers", "3. Results", "4. Conclusion"):
        lines += [f"*{title}", *BODY]
    headings = [heading for heading, _ in extracted(column(lines)).sections]
    assert headings == ["1. Introduction", "2. Method", "3. Results", "4. Conclusion"]


def test_a_heading_that_comes_again_and_again_heads_a_table():
    lines = ["*Abstract", *BODY, "*Method", *BODY, "*Method", *BODY, "*Conclusion", *BODY]
    assert [heading for heading, _ in extracted(column(lines)).sections] == ["Abstract", "Conclusion"]


def test_the_reference_list_goes_and_the_appendix_after_it_stays():
    cited = [
        f"[{n}] A. Author and B. Writer. A title of work {n}. In Proc. of it, 20{n:02}." for n in range(1, 9)
    ]
    result = extracted(
        column(
            [
                "*1 Introduction",
                *BODY,
                "*2 Method",
                *BODY,
                "*References",
                *cited,
                "*A Proofs",
                *BODY,
                "*B More",
                *BODY,
            ]
        )
    )
    assert "A. Author" not in result.text
    assert [heading for heading, _ in result.sections] == ["1 Introduction", "2 Method", "A Proofs", "B More"]


def test_a_reference_list_without_a_heading_goes_too():
    cited = [
        f"[{n}] A. Author and B. Writer, A title of work {n}, Phys. Rev. {n}, 12 (20{n:02})."
        for n in range(1, 9)
    ]
    text = extracted(
        column([*BODY * 4, "As shown in", "[1] and elsewhere, it is so.", *BODY]), column(cited)
    ).text
    assert "A. Author" not in text
    assert "[1] and elsewhere" in text


def test_the_word_references_inside_the_text_cuts_nothing():
    lines = ["*1 Introduction", *BODY, "References", *BODY, "*2 Method", *BODY]
    assert "2 Method" in extracted(column(lines)).text


def test_running_heads_and_page_numbers_are_dropped():
    bodies = [[f"{word} {line}" for line in BODY] for word in ("First", "Second", "Third", "Fourth")]
    pages = [
        [(72, 760, f"Author et al.: A long title of the work {n}"), *column(body), (300, 30, str(n))]
        for n, body in enumerate(bodies, 1)
    ]
    text = extracted(*pages).text
    assert "Author et al." not in text
    assert text.count("We measure") == 4
    assert not any(character.isdigit() for character in text)


def test_a_number_that_only_looks_like_a_page_number_stays():
    assert "1984" in extracted([*column(BODY), (72, 400, "1984")]).text


def test_the_stamp_in_the_margin_is_dropped():
    assert "arXiv:" not in extracted([*column(BODY), (20, 300, "arXiv:2601.00001v1 [cs.SD] 5 Jan 2026")]).text


def test_a_sentence_interrupted_by_a_footnote_is_mended():
    page = [*column(BODY[:2]), (72, 100, "§ Work done at the same place.")]
    text = extracted(page, [(72, 700, "field for this task."), *column(BODY, top=680)]).text
    assert "used in the field for this task." in text
    assert "Work done at the same place." in text


def test_columns_that_a_file_draws_line_by_line_are_read_one_after_the_other():
    left = [f"left line {n} of the text that is in the column" for n in range(12)]
    right = [f"right line {n} of the text that is in the other" for n in range(12)]
    pairs = zip(column(left, 50), column(right, 330), strict=True)
    text = extracted([placed for pair in pairs for placed in pair]).text
    assert in_order(text, "left line 0", "left line 11", "right line 0", "right line 11")


def test_columns_in_the_order_of_the_file_are_left_alone():
    left = column([f"left line {n} of the text that is in the column" for n in range(12)], 50)
    right = column([f"right line {n} of the text that is in the other" for n in range(12)], 330)
    text = extracted(
        [(50, 740, "A Title Across Both of the Columns of This Page for the Test"), *left, *right]
    ).text
    assert in_order(text, "A Title", "left line 0", "left line 11", "right line 0", "right line 11")


def test_ieee_abstracts_that_run_into_the_text_are_sections():
    assert extracted(column(["*Abstract - We measure what the model", *BODY])).sections == [("Abstract", 0)]


def test_pages_without_text_are_noted():
    assert extracted(column(BODY), [], column(BODY)).notes == ["no text on pages 2"]


def test_ten_threads_extract_at_once():
    files = [paper_of(column([*BODY, f"This is the file of number {n} in the set."])) for n in range(10)]
    with ThreadPoolExecutor(10) as pool:
        texts = list(pool.map(lambda data: text_of(data, "application/pdf").text, files))
    assert all(f"number {n} in" in text for n, text in enumerate(texts))


def in_a_daemon(results: "multiprocessing.Queue[str]") -> None:
    results.put(text_of(paper_of(column(BODY)), "application/pdf").text)


def test_a_daemonic_worker_may_extract():
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    worker = context.Process(target=in_a_daemon, args=(results,), daemon=True)
    worker.start()
    assert results.get(timeout=20) == " ".join(BODY)
    worker.join(5)


@needs_data
@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        (
            "1712.05884v1",
            ["1. INTRODUCTION", "2. MODEL ARCHITECTURE", "2.3. WaveNet Vocoder", "4. CONCLUSION"],
        ),
        (
            "1512.03385v1",
            ["1. Introduction", "3.4. Implementation", "4.3. Object", "A. Object", "C. ImageNet"],
        ),
        (
            "1508.04025v5",
            ["3.1 Global", "3.2 Local", "3.3 Input", "5.5 Sample", "6 Conclusion", "A Alignment"],
        ),
        ("1511.01097v1", ["1 INTRODUCTION", "3 DATA", "4.2 Shape", "6 CONCLUSIONS", "APPENDIX A"]),
    ],
)
def test_real_papers_of_two_columns_come_in_order(name: str, phrases: list[str]):
    result = real(name)
    headings = [heading for heading, _ in result.sections]
    assert in_order("\n".join(headings), *phrases)
    assert "References" not in headings


@needs_data
def test_a_real_sentence_runs_over_its_footnote_and_hyphens():
    text = real("1712.05884v1").text
    assert (
        "uses the Griffin-Lim algorithm [14] for phase estimation, followed by an inverse short-time Fourier transform."
        in text
    )
    assert "to synthesize time-domain waveforms" in text
    assert "produces audio fidelity" in text
    assert "arXiv:1712" not in text


@needs_data
def test_a_real_table_of_contents_is_dropped():
    result = real("1612.06414v1")
    headings = [heading for heading, _ in result.sections]
    assert headings.count("1 Introduction") == 1
    assert headings[-1] == "B.3 Non-perturbative sector"


@needs_data
@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("corrupted", "Beautiful is better than ugly."),
        ("chinese-text", "化学反应方程式"),
        ("2103.15348v2-copy-protected-2pages", "LayoutParser: A Unified Toolkit"),
        ("bad-color-space", "Net-zero"),
    ],
)
def test_real_odd_files_can_be_read(name: str, phrase: str):
    assert phrase in real(f"edge/{name}").text


@needs_data
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("encrypted-password-foo", "encrypted"),
        ("garbled-fonts-olmo-page1", "garbled"),
        ("scanned-image-only", "scanned"),
    ],
)
def test_real_unreadable_files_end_as_a_reason(name: str, reason: str):
    with pytest.raises(Unreadable) as caught:
        real(f"edge/{name}")
    assert caught.value.reason == reason


def test_letters_shifted_by_a_broken_font_are_garbled():
    shifted = "".join(chr((ord(c) - 97 - 1) % 26 + 97) if c.islower() else c for c in PROSE)
    with pytest.raises(Unreadable) as caught:
        extracted(column([shifted[n : n + 60] for n in range(0, len(shifted), 60)] * 5))
    assert caught.value.reason == "garbled"
