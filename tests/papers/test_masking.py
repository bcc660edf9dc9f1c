import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.masking import close_up, mask, own_tokens, tidy

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "corpus" / "bilingual_seed_pairs.jsonl"


def spans(text: str) -> list[str]:
    return list(mask(text).spans.values())


@pytest.mark.parametrize(
    "span",
    [
        "$x_i$",
        "$ \\alpha $",
        "$\\text{WER on the test set} < 5$",
        "$$E = mc^2$$",
        "\\(x_0\\)",
        "\\[a + b\\]",
        "\\begin{equation}a\nb\\end{equation}",
        "\\cite{fang2019}",
        "\\citep[see][]{a,b}",
        "\\ref{fig:one}",
        "`pip install x`",
        "https://a.org/b_c?d=1#e",
        "https://a.org/b\\_c",
        "www.github.com/a/B-2",
        "github.com/a/b",
        "me.you@lab.edu.cn",
    ],
)
def test_what_a_model_must_not_touch_becomes_one_token(span: str) -> None:
    masked = mask(f"We use {span}, which works.")
    assert masked.text == "We use ⟦M1⟧, which works."
    assert masked.spans == {"⟦M1⟧": span}


@pytest.mark.parametrize(
    "text",
    [
        "It costs from $5 to $10 per hour.",
        "It costs $5-$10, or $1.2M and US$3M.",
        "Losses reached $43 billion. A camera ($35) sees it.",
        "Prices of $5 million in Asia and $7 million here.",
        "It costs \\$48 (5\\%) and \\$32.50 in all.",
        "One of ``quoted'' and `single' and `other' words.",
        "mAP@0.5 and Recall1@0.7 rise.",
        "i.e. this, e.g. that; v1.0 and and/or.",
    ],
)
def test_money_quotes_and_abbreviations_are_text(text: str) -> None:
    assert mask(text).text == text


def test_money_does_not_hide_the_formula_behind_it() -> None:
    assert spans("It costs $5 and the error is $x_1$ or 10$\\times$10 with $<$10 views.") == [
        "$x_1$",
        "$\\times$",
        "$<$",
    ]


def test_a_sentence_keeps_its_full_stop_after_an_address() -> None:
    assert mask("Code: https://a.org/b. See (https://c.org/d).").text == "Code: ⟦M1⟧. See (⟦M2⟧)."


def test_an_address_ends_where_chinese_begins() -> None:
    assert spans("代码见https://a.org/b开源") == ["https://a.org/b"]


def test_a_text_that_contains_tokens_itself_is_no_trap() -> None:
    masked = mask("The token ⟦M1⟧ and the model [M2] with $x$.")
    assert list(masked.spans.values()) == ["⟦M1⟧", "[M2]", "$x$"]
    assert masked.put_back(masked.text) == "The token ⟦M1⟧ and the model [M2] with $x$."


def test_the_same_formula_twice_is_two_tokens() -> None:
    assert mask("$n$ of $n$").text == "⟦M1⟧ of ⟦M2⟧"


def test_numbering_can_go_on_from_another_text() -> None:
    assert mask("$n$", first=4).text == "⟦M4⟧"


def test_each_token_must_return_exactly_once() -> None:
    masked = mask("$a$, $b$ and $c$")
    assert masked.faults("⟦M3⟧⟦M1⟧⟦M2⟧") == {}
    assert masked.faults("⟦M1⟧、⟦M1⟧、⟦M2⟧、⟦M9⟧") == {
        "⟦M3⟧": "missing",
        "⟦M1⟧": "repeated",
        "⟦M9⟧": "unknown",
    }


@pytest.mark.parametrize(
    "written", ["⟦ M1 ⟧", "⟦Ｍ１⟧", "[M1]", "[[M1]]", "【M1】", "［ m1 ］", "{{M1}}", "〖M1〗"]
)
def test_a_token_in_other_brackets_or_widths_is_ours(written: str) -> None:
    assert own_tokens(f"在{written}上", ["⟦M1⟧"]) == "在⟦M1⟧上"


def test_brackets_that_are_no_token_of_ours_stay() -> None:
    assert own_tokens("见[M7]与[1]", ["⟦M1⟧"]) == "见[M7]与[1]"


@pytest.mark.parametrize(
    ("spaced", "closed"),
    [
        ("在 ⟦M1⟧ 上使用 GPT-4 模型", "在⟦M1⟧上使用GPT-4模型"),
        ("提升 5.2% ，优于 Large Language Models 。", "提升5.2%，优于Large Language Models。"),
        ("词错误率 （ WER ） 为 3", "词错误率（WER）为3"),
        ("model ⟦M1⟧ with ⟦M2⟧", "model ⟦M1⟧ with ⟦M2⟧"),
        ("- 方法 A\n  - 细节 B", "- 方法A\n  - 细节B"),
        ("1. 背景\n## 2 方法", "1. 背景\n## 2 方法"),
        ("1) **背景** 与方法", "1) **背景** 与方法"),
    ],
)
def test_no_space_stands_between_han_and_latin(spaced: str, closed: str) -> None:
    assert close_up(spaced) == closed


def test_formulae_code_and_addresses_keep_their_spaces() -> None:
    text = "令 $x 与 y$ 和 `a 中 b` 见 https://a.org/b 。"
    assert tidy(text) == "令$x 与 y$和`a 中 b`见https://a.org/b。"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab $\\(){}[]`⟦⟧M1.,@/:\n中_^5", max_size=60))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    masked = mask(text)
    assert masked.put_back(masked.text) == text
    assert masked.faults(masked.text) == {}


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/data is absent")
def test_real_abstracts_come_back_and_keep_no_formula_unmasked() -> None:
    abstracts = [json.loads(line)["abstract"] for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    masked = [mask(abstract) for abstract in abstracts]
    assert [m.put_back(m.text) for m in masked] == abstracts
    assert not [m.text for m in masked if "://" in m.text or "$\\" in m.text]
