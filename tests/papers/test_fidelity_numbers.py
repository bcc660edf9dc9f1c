"""The check on numbers: errors seen in print, and what only looks like one."""

import pytest

from papers.fidelity import Finding, check_title
from papers.fidelity.numbers import numbers_in

SEEN_IN_PRINT = [
    ("the interaction had p = .023 in speakers", "交互作用p = .0.23"),
    ("We fine-tune LLaMA 2 7B on speech", "我们在语音上微调LLaMA 27B"),
    ("trained on 1.6 billion words", "在1.6亿词上训练"),
    ("pretrained on 8 trillion tokens", "在8000万亿词元上预训练"),
    ("with 3.6M utterances", "包含36万条话语"),
]


def numbers(source: str, target: str) -> list[Finding]:
    return [finding for finding in check_title(source, target) if finding.check.startswith("number")]


@pytest.mark.parametrize(("source", "target"), SEEN_IN_PRINT)
def test_a_wrong_number_seen_in_print_blocks(source: str, target: str) -> None:
    assert {finding.level for finding in numbers(source, target)} == {"block"}


def test_a_changed_number_is_shown_on_both_sides_with_its_fix() -> None:
    source, target = "trained on 1.6 billion words", "在1.6亿词上训练"
    (finding,) = numbers(source, target)
    assert source[slice(*finding.source_span)] == "1.6 billion"
    assert target[slice(*finding.target_span)] == "1.6亿"
    assert finding.fix.replacement == "16亿"
    assert not finding.automatic


def test_a_computed_figure_informs() -> None:
    (finding,) = numbers("accuracy of 91% against 88% before", "准确率91%，较此前的88%提升3个百分点")
    assert (finding.check, finding.level) == ("number_extra", "info")


def test_a_number_lost_without_another_in_its_place_warns() -> None:
    (finding,) = numbers("We train on 960 hours", "我们用大量数据训练")
    assert (finding.check, finding.level) == ("number_missing", "warning")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("the 90th percentile of latency", "延迟的第90百分位"),
        ("embeddings in R$^3$ with 16 heads", "R³中的嵌入，16个头"),
        ("music of the 1980s", "20世纪80年代的音乐"),
        ("from 7 to 70 Billion parameters", "参数从70亿到700亿"),
        ("prices of $44.5–60.5 million", "价格为4450万至6050万美元"),
        ("1.6 billion words", "16亿词"),
        ("10k hours and 3.6M clips", "1万小时与360万片段"),
        ("1,234,567 files", "1234567个文件"),
        ("1,000 files", "1千个文件"),
        ("a 7B model", "一个70亿参数的模型"),
        ("two models in three languages", "2个模型，3种语言"),
        ("2 models in 3 languages", "两个模型，三种语言"),
        ("twenty-five speakers", "25位说话人"),
        ("half a million clips", "50万片段"),
        ("reduced by 50%", "减少一半"),
        ("(1) fast, (2) small", "一是快，二是小"),
        ("as shown before (Smith et al., 2022) here", "如前所述"),
        ("as shown by Smith (2022) and [12]", "如前所述"),
        ("data of March 2025", "2025年3月的数据"),
        ("16 kHz audio", "16千赫音频"),
        ("a 3D scene with 5G", "三维场景与5G"),
        ("accuracy of 95\\% on $10^{5}$ items", "在$10^5$个样本上准确率为95%"),
        ("accuracy of ９５％", "准确率95%"),
        ("8-bit codec at 1.5 kbps", "1.5kbps的8比特编解码器"),
        ("in the 21st century", "在21世纪"),
        ("160.000 lines", "16万行"),
        ("100 thousand pages", "10万页"),
    ],
)
def test_the_same_number_in_other_clothes_is_silent(source: str, target: str) -> None:
    assert numbers(source, target) == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("with 4 layers and 2 heads, 2 losses", "4层、4头、2个损失"),  # a digit that was there already
        ("We use two encoders and reach 71 points in 7 steps", "用两个编码器在2步内达到77分"),
        ("Apache 2.0 for two models", "两个模型采用Apache 8.0"),
        ("GPT-4 is used", "使用GPT-5"),
        ("5% of 300", "5万的300"),
    ],
)
def test_a_changed_digit_does_not_hide_behind_other_numbers(source: str, target: str) -> None:
    assert numbers(source, target)


@pytest.mark.parametrize(
    ("text", "spans"),
    [("Qwen2.5-7B", ["2.5", "7B"]), ("see https://a.b/2024/1 and 3", ["3"]), ("1.6亿", ["1.6亿"])],
)
def test_numbers_are_found_where_they_are(text: str, spans: list[str]) -> None:
    assert [text[slice(*number.span)].strip("-") for number in numbers_in(text)] == spans
