"""Cutting a text to a budget: what goes first, what stays longest, and that it says so."""

import pytest

from papers.extract import Extracted, fit


def words(text: str) -> int:
    return len(text.split())


def paper(*sections: tuple[str, int], front: str = "A Title") -> Extracted:
    """Sections of so many paragraphs of twenty words each."""
    text, starts = front, []
    for heading, paragraphs in sections:
        starts.append((heading, len(text) + 2))
        text += f"\n\n{heading}" + "".join(
            f"\n\n{heading} p{n} {'word ' * 17}end." for n in range(paragraphs)
        )
    return Extracted(text, "html", sections=starts)


PAPER = paper(
    ("Abstract", 1),
    ("1 Introduction", 3),
    ("2 Related Work", 5),
    ("3 Method", 5),
    ("3.1 Background of the loss", 2),
    ("4 Results", 5),
    ("5 Conclusion", 1),
    ("Acknowledgements", 1),
    ("A Proofs", 6),
    ("A.1 More proofs", 6),
)


def size_of(*headings: str) -> int:
    starts = [start for _, start in PAPER.sections] + [len(PAPER.text)]
    sizes = {
        heading: words(PAPER.text[start : starts[n + 1]]) for n, (heading, start) in enumerate(PAPER.sections)
    }
    return sum(sizes[heading] for heading in headings)


LESSER = ("2 Related Work", "Acknowledgements", "A Proofs", "A.1 More proofs")
# The marks of the gaps take some words too.
WITHOUT_LESSER = words(PAPER.text) - size_of(*LESSER) + 25


def cut_headings(budget: int) -> list[str]:
    return [line.split(" (")[0].split(", its end")[0] for line in fit(PAPER, budget, words).cut]


def test_a_text_that_fits_is_not_touched():
    assert fit(PAPER, 10_000, words) == (PAPER.text, [])


def test_acknowledgements_and_appendices_go_first():
    assert cut_headings(words(PAPER.text) - 5) == ["Acknowledgements"]
    assert cut_headings(words(PAPER.text) - 100) == ["A.1 More proofs"]


def test_related_work_goes_before_methods_and_results():
    assert cut_headings(WITHOUT_LESSER) == list(LESSER)


def test_a_subsection_of_the_method_is_worth_as_much_as_the_method():
    fitted = fit(PAPER, WITHOUT_LESSER, words)
    assert "3.1 Background of the loss" in fitted.text


@pytest.mark.parametrize("share", [0.9, 0.7, 0.5, 0.3, 0.2])
def test_the_result_is_within_the_budget_and_nothing_is_lost_silently(share: float):
    budget = int(share * words(PAPER.text))
    fitted = fit(PAPER, budget, words)
    assert words(fitted.text) <= budget
    for heading, _ in PAPER.sections:
        whole = f"{heading} p0" in fitted.text and all(not line.startswith(heading) for line in fitted.cut)
        assert whole or any(line.startswith(heading) for line in fitted.cut)


def test_methods_and_results_are_shortened_together_at_paragraphs():
    fitted = fit(PAPER, 220, words)
    assert "3 Method p0" in fitted.text
    assert "4 Results p0" in fitted.text
    assert any(line.startswith("3 Method, its end (") for line in fitted.cut)
    assert all(block.endswith(("end.", "]")) or words(block) < 8 for block in fitted.text.split("\n\n"))


def test_each_gap_is_marked_where_it_is():
    fitted = fit(PAPER, WITHOUT_LESSER, words)
    before, after = fitted.text.split("[Left out here: 2 Related Work]")
    assert before.rstrip().endswith("end.")
    assert after.lstrip().startswith("3 Method")


def test_sizes_are_told():
    line = fit(PAPER, words(PAPER.text) - 5, words).cut[0]
    start = dict(PAPER.sections)["Acknowledgements"]
    end = dict(PAPER.sections)["A Proofs"]
    assert line == f"Acknowledgements ({len(PAPER.text[start:end].strip())} characters)"


def test_a_plain_text_without_sections_is_cut_at_a_paragraph():
    text = "\n\n".join(f"Paragraph {n} {'word ' * 17}end." for n in range(10))
    fitted = fit(text, 100, words)
    assert fitted.text.startswith("Paragraph 0")
    assert "Paragraph 3" in fitted.text
    assert "Paragraph 8" not in fitted.text
    assert fitted.cut[0].startswith("front matter, its end (")


def test_one_endless_paragraph_is_cut_at_a_sentence():
    fitted = fit("This is a sentence of eight words here. " * 50, 100, words)
    assert fitted.text.split("\n\n")[0].endswith("words here.")
    assert fitted.cut


def test_a_budget_for_nothing_is_an_error_and_not_an_empty_text():
    with pytest.raises(ValueError, match="budget of 2"):
        fit(PAPER, 2, words)
