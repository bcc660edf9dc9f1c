"""The checks on an abstract and a title."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.fidelity import LEVELS, Finding, Fix, apply_fixes, check, check_title, gravest
from papers.terms import Term

SOURCE = (
    "Speech emotion recognition suffers from noisy labels. We propose FooNet, a model trained on 960 hours of speech "
    "with a contrastive loss. It reaches 91.5% accuracy on IEMOCAP and outperforms the baseline by a large margin. "
    "Experiments show that the method is robust to noise. Code is available at https://example.org/foonet."
)
TARGET = (
    "语音情感识别受噪声标签的影响。我们提出FooNet，一种采用对比损失、用960小时语音训练的模型。"
    "它在IEMOCAP上达到91.5%的准确率，大幅优于基线。实验表明该方法对噪声具有鲁棒性。"
    "代码见https://example.org/foonet。"
)
OTHER = (
    "音乐生成需要长程结构。本文提出BarGAN，用12万首钢琴曲训练扩散模型，在MAESTRO上把主观评分提高0.37。"
    "听众更喜欢它的旋律与和声，也认可它的节奏。样例见项目主页。"
)


def found(source: str, target: str, **options: object) -> dict[str, Finding]:
    return {finding.check: finding for finding in check(source, target, **options)}


def test_a_faithful_translation_passes_in_silence() -> None:
    assert check(SOURCE, TARGET) == []


def test_findings_come_gravest_first() -> None:
    levels = [
        finding.level for finding in check(SOURCE, TARGET.replace("960", "690").replace("，大幅", ",大幅"))
    ]
    assert levels == sorted(levels, key=LEVELS.index) and levels[0] == "block"


# --- labels, refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    [
        "摘要：",
        "摘要: ",
        "**摘要**：",
        "【中文摘要】\n",
        "翻译：",
        "arXiv:2604.01234v1 公告类型：交叉 摘要：",
        "arXiv:2604.01234v1 公告类型：交叉\n摘要：",
        "公告类型：新\n摘要：",
        "arXiv:2604.01234v1 Announce Type: cross Abstract: ",
        "以下是论文摘要的中文翻译：\n\n",
        "好的，以下是翻译：\n",
        "Here is the translation:\n",
    ],
)
def test_a_label_in_front_blocks_and_is_stripped(label: str) -> None:
    findings = check(SOURCE, label + TARGET)
    assert ("label", "block") in [(finding.check, finding.level) for finding in findings]
    assert apply_fixes(label + TARGET, findings) == TARGET


@pytest.mark.parametrize(
    "start", ["抱歉，我无法翻译这段内容。", "作为AI语言模型，我不能", "I'm sorry, but I cannot"]
)
def test_a_refusal_blocks_and_has_no_fix(start: str) -> None:
    assert found(SOURCE, start + TARGET)["refusal"].fix is None


def test_the_words_of_a_refusal_within_the_text_are_the_papers_own() -> None:
    target = TARGET.replace("实验表明", "作为AI助手无法提供的功能，摘要：实验表明")
    assert not {"label", "refusal"} & found(SOURCE, target).keys()


@pytest.mark.parametrize("start", ["摘要生成", "翻译模型", "标题党检测", "以下是三种方法"])
def test_a_text_that_only_begins_like_a_label_is_left_alone(start: str) -> None:
    assert "label" not in found(SOURCE, start + TARGET)


# --- addresses, formulae -----------------------------------------------------------------------------


def test_a_lost_link_is_an_error_and_the_fix_appends_it() -> None:
    finding = found(SOURCE, TARGET.replace("https://example.org/foonet", "项目主页"))["url_missing"]
    assert finding.level == "error"
    assert "https://example.org/foonet" in finding.fix.replacement and not finding.automatic


@pytest.mark.parametrize(
    "link", ["http://EXAMPLE.org/foonet/", "https://example.org/foonet，欢迎使用", "example.org/foonet"]
)
def test_a_link_in_another_spelling_or_run_into_chinese_is_there(link: str) -> None:
    findings = found(SOURCE, TARGET.replace("https://example.org/foonet", link))
    assert not {"url_missing", "url_added"} & findings.keys()


def test_a_link_that_the_authors_do_not_give_blocks_and_the_fix_takes_it_out() -> None:
    finding = found(SOURCE, TARGET + "详见https://evil.example/pay。")["url_added"]
    assert (finding.level, finding.fix.replacement, finding.automatic) == ("block", "", False)


def test_where_arxiv_hides_an_address_any_may_be_the_right_one() -> None:
    assert "url_added" not in found("See this https URL for more.", "更多内容见https://a.example/x。")


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("R$^3$", "R³"),
        ("$\\tau$", "τ"),
        ("$O(n \\log n)$", "O(n log n)"),
        ("$x_{1}$", "$x_1$"),
        ("3.7$\\times$", "3.7×"),
        ("$95\\%$", "95%"),
        ("$\\mathbf{W}$", "W"),
        ("\\(k\\)", "$k$"),
    ],
)
def test_a_formula_in_another_spelling_is_there(formula: str, written: str) -> None:
    assert check_title(f"Bounds of {formula} for speech models", f"语音模型的{written}界") == []


def test_a_lost_formula_is_an_error_and_the_fix_puts_it_into_its_sentence() -> None:
    source = SOURCE.replace("contrastive loss", "contrastive loss $\\mathcal{L}_c$")
    finding = found(source, TARGET)["formula_missing"]
    fixed = TARGET[: finding.fix.start] + finding.fix.replacement + TARGET[finding.fix.end :]
    assert finding.level == "error"
    assert "训练的模型$\\mathcal{L}_c$。" in fixed


def test_sums_of_money_are_no_formulae() -> None:
    assert "formula_missing" not in {
        f.check for f in check_title("It costs $5 and earns them $10", "花5美元，赚10美元")
    }


# --- length, sentences, English left -------------------------------------------------------------------


def test_half_a_translation_blocks() -> None:
    assert found(f"{SOURCE} {SOURCE}", TARGET[:90])["length_short"].level == "block"
    assert found(SOURCE, TARGET[:75])["length_short"].level == "warning"


def test_two_sentences_lost_warn_with_the_place() -> None:
    target = TARGET.replace("实验表明该方法对噪声具有鲁棒性。", "").replace(
        "语音情感识别受噪声标签的影响。", ""
    )
    finding = found(SOURCE, target)["sentences_missing"]
    assert finding.level == "warning"
    assert SOURCE[slice(*finding.source_span)].startswith("Speech emotion")


def test_one_sentence_lost_is_a_hint_at_that_sentence() -> None:
    finding = found(SOURCE, TARGET.replace("实验表明该方法对噪声具有鲁棒性。", ""))["sentence_unpartnered"]
    assert SOURCE[slice(*finding.source_span)] == "Experiments show that the method is robust to noise."


def test_a_sentence_left_in_english_is_an_error() -> None:
    sentence = "Experiments show that the method is robust to noise."
    finding = found(SOURCE, TARGET.replace("实验表明该方法对噪声具有鲁棒性。", sentence))["untranslated"]
    assert finding.level == "error"


def test_a_spelt_out_acronym_in_brackets_is_welcome() -> None:
    target = TARGET.replace("语音情感识别", "语音情感识别（recognition of emotion in speech）")
    assert "untranslated" not in found(SOURCE, target)


@pytest.mark.parametrize(
    ("target", "name"),
    [("", "empty"), (" \n", "empty"), (SOURCE, "no_chinese"), ("本文研究语音情感识别。", "too_short")],
)
def test_nothing_no_chinese_or_next_to_nothing_blocks(target: str, name: str) -> None:
    assert found(SOURCE, target)[name].level == "block"


def test_a_short_title_is_not_too_short() -> None:
    assert check_title("Noisy Labels in Speech Emotion Recognition", "语音情感识别中的噪声标签") == []


def test_nothing_to_translate_is_nothing_missing() -> None:
    assert check("", "") == []


# --- another paper ---------------------------------------------------------------------------------------


def test_the_translation_of_another_paper_blocks() -> None:
    assert found(SOURCE, OTHER)["other_paper"].level == "block"


def test_another_paper_is_noticed_though_both_mention_the_same_acronym() -> None:
    assert "other_paper" in found(SOURCE.replace("a model", "an LLM"), OTHER.replace("扩散模型", "LLM"))


# --- names, markup, punctuation, terms ---------------------------------------------------------------------


def test_a_lost_name_warns_and_a_lost_acronym_informs() -> None:
    findings = found(SOURCE, TARGET.replace("FooNet", "一个网络").replace("IEMOCAP", "公开数据集"))
    assert findings["name_missing"].level == "warning"
    assert findings["acronym_missing"].level == "info"


@pytest.mark.parametrize("written", ["foonet", "Foo-Net", "FooNets"])
def test_a_name_in_another_spelling_is_there(written: str) -> None:
    assert "name_missing" not in found(SOURCE, TARGET.replace("FooNet，", f"{written}，"))


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("我们提出\\textbf{FooNet}。", "我们提出FooNet。"),
        ("我们提出\\emph{很\\textbf{好}的}方法。", "我们提出很好的方法。"),
        ("如前所述\\cite{foo2020}，成立。", "如前所述，成立。"),
        ("我们提出**FooNet**。", "我们提出FooNet。"),
        ("## 方法\n我们提出它。", "方法\n我们提出它。"),
        ("公式$\\textbf{x}$不动。", "公式$\\textbf{x}$不动。"),
        ("首先,我们提出它;其次,评估它.", "首先，我们提出它；其次，评估它。"),
        ("用ASR,然后评估", "用ASR，然后评估"),
        ("语音识别(ASR)很难", "语音识别（ASR）很难"),
        ("比例为1:2,共1,000条", "比例为1:2，共1,000条"),
        ("函数f(x)与$g(语音,x)$", "函数f(x)与$g(语音,x)$"),
        ("见https://example.org/a,b。", "见https://example.org/a,b。"),
        ("见[主页](https://example.org/页)。", "见[主页](https://example.org/页)。"),
    ],
)
def test_markup_and_half_width_punctuation_mend_themselves(dirty: str, clean: str) -> None:
    findings = [f for f in check_title("We propose it", dirty) if f.level == "autofix"]
    assert apply_fixes(dirty, findings) == clean


def test_bold_type_of_the_source_stays() -> None:
    assert not [f for f in check_title("We **propose** it", "我们**提出**它") if f.check == "markup"]


TERMS = (
    Term("hallucination", "幻觉", forbidden=("幻听",)),
    Term("loss", "损失函数"),
    Term("baseline", "基线"),
)


def test_a_forbidden_rendering_is_an_error_with_its_fix() -> None:
    (finding,) = check_title("Hallucination of ASR", "ASR的幻听", terms=TERMS)
    assert (finding.check, finding.level, finding.fix) == ("term_forbidden", "error", Fix(4, 6, "幻觉"))


def test_a_term_rendered_otherwise_only_informs() -> None:
    assert [(f.check, f.level) for f in check(SOURCE, TARGET, terms=TERMS)] == [("term_missing", "info")]


# --- what findings are good for -----------------------------------------------------------------------------


def test_the_fingerprint_survives_edits_elsewhere_and_not_a_change_of_the_source() -> None:
    wrong = TARGET.replace("960", "690")
    here = found(SOURCE, wrong)["number_changed"].fingerprint
    assert found(SOURCE, wrong.replace("大幅", "显著"))["number_changed"].fingerprint == here
    assert found("Now. " + SOURCE, wrong)["number_changed"].fingerprint == here
    assert found(SOURCE.replace("960", "961"), wrong)["number_changed"].fingerprint != here


def test_a_finding_on_the_whole_is_dismissed_until_the_source_changes() -> None:
    here = found(SOURCE, TARGET[:75])["length_short"].fingerprint
    assert found(SOURCE, TARGET[:74])["length_short"].fingerprint == here
    assert found(SOURCE.replace("noisy", "very noisy"), TARGET[:75])["length_short"].fingerprint != here


def test_only_automatic_fixes_are_applied() -> None:
    target = TARGET.replace("960", "690")
    assert apply_fixes(target, check(SOURCE, target)) == target


def test_overlapping_fixes_do_not_garble() -> None:
    fixes = [
        Finding("a", "autofix", "", fix=Fix(s, e, r), automatic=True)
        for s, e, r in ((0, 3, "x"), (2, 4, "y"))
    ]
    assert apply_fixes("abcd", fixes) == "xd"


def test_the_gravest_of_nothing_is_none() -> None:
    assert gravest([]) is None
    assert gravest([Finding("a", "info", ""), Finding("b", "error", "")]) == "error"


PIECES = st.sampled_from(
    [
        "$",
        "\\textbf{",
        "}",
        "{",
        "1.6",
        ".",
        "0",
        "亿",
        "billion ",
        "https://a.b/",
        "(",
        ")",
        "语音",
        "FooNet ",
        "**",
        "[1]",
    ]
    + [
        "⟦M1⟧",
        "\x00",
        "\ud800",
        "½",
        "٣",
        "，",
        ", ",
        "Ⅳ",
        "³",
        "e.g. ",
        "摘要：",
        "\n",
        "é",
        "9" * 50,
        "%",
        "世纪",
        "年代",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS)
def test_no_text_raises_and_every_span_lies_within_its_text(source: str, target: str) -> None:
    for finding in (*check(source, target, terms=TERMS), *check_title(source, target)):
        for text, span in ((source, finding.source_span), (target, finding.target_span)):
            assert span is None or 0 <= span[0] <= span[1] <= len(text)
        assert finding.level in LEVELS and finding.message and len(finding.fingerprint) == 20
        assert finding.fix is None or 0 <= finding.fix.start <= finding.fix.end <= len(target)


@pytest.mark.parametrize(
    "piece",
    [
        "\\textbf{",
        "$x",
        "(",
        "1,",
        "a.b",
        "**a",
        "[1",
        "https://a",
        "Ab ",
        "1 to ",
        "摘要：",
        "\\(",
        "(A, 2",
        ".1",
    ],
)
def test_a_text_made_to_be_slow_is_not(piece: str) -> None:
    text = (piece * 6000)[:6000]
    started = time.process_time()
    check(text, text + "语音" * 30)
    assert time.process_time() - started < 2
