"""Sentences of both languages and their alignment."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.sentences import align, split_en, split_zh

ENGLISH = (
    "Speech emotion recognition suffers from label noise. We propose FooNet, a model trained on 960 hours of speech. "
    "It reaches 91.5% accuracy on IEMOCAP. Our code is available at https://example.org/foonet."
)
CHINESE = "语音情感识别受标签噪声影响。我们提出FooNet，一种用960小时语音训练的模型。它在IEMOCAP上达到91.5%的准确率。代码见https://example.org/foonet。"


def english(text: str) -> list[str]:
    return [text[slice(*span)] for span in split_en(text)]


def chinese(text: str) -> list[str]:
    return [text[slice(*span)] for span in split_zh(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Models, e.g. Whisper and i.e. others, fail.",
        "Smith et al. (2020) improved it.",
        "As Fig. 2 and Eq. 3 show, it works.",
        "It costs 3.5 million at p = .023 level.",
        "The map $f(x). Y$ is linear.",
        "See https://example.org/a.b?c=1. d for details.",
        "The idea of J. Smith wins.",
        "We compare SGD vs. Adam.",
    ],
)
def test_an_english_sentence_is_not_cut_inside(sentence: str) -> None:
    assert len(english(sentence)) == 1


def test_english_sentences_end_at_stops_questions_and_quotes() -> None:
    assert english('Is it so? "It is." We agree!') == ["Is it so?", '"It is."', "We agree!"]


def test_a_name_in_lower_case_may_begin_a_sentence() -> None:
    assert len(english("It is good. wav2vec is better.")) == 2


def test_a_sentence_after_et_al_begins_with_a_usual_first_word() -> None:
    assert len(english("We follow Smith et al. We find more.")) == 2


def test_chinese_sentences_end_at_full_width_stops_but_not_at_semicolons() -> None:
    assert chinese("甲为3.5；乙为4。丙“真的吗？”丁！") == ["甲为3.5；乙为4。", "丙“真的吗？”", "丁！"]


def test_white_space_is_no_sentence() -> None:
    assert split_en("  \n ") == split_zh(" \n\n") == []


def test_equal_texts_align_one_to_one() -> None:
    pairs = align(ENGLISH, CHINESE)
    assert [(len(p.source_spans), len(p.target_spans)) for p in pairs] == [(1, 1)] * 4


@pytest.mark.parametrize("dropped", range(4))
def test_a_dropped_sentence_has_no_partner(dropped: int) -> None:
    start, end = split_zh(CHINESE)[dropped]
    lonely = [pair for pair in align(ENGLISH, CHINESE[:start] + CHINESE[end:]) if pair.lonely]
    assert [pair.source_spans for pair in lonely] == [(split_en(ENGLISH)[dropped],)]


def test_two_english_sentences_may_become_one_chinese_one() -> None:
    merged = CHINESE.replace("模型。它", "模型，它")
    assert (2, 1) in [(len(p.source_spans), len(p.target_spans)) for p in align(ENGLISH, merged)]


def test_a_sentence_the_translation_invented_has_no_partner() -> None:
    invented = CHINESE + "此外，该工作还获得了2024年度最佳论文奖，并在工业界得到了广泛的应用与好评。"
    assert not align(ENGLISH, invented)[-1].source_spans


def test_an_empty_side_leaves_every_sentence_alone() -> None:
    assert [pair.lonely for pair in align(ENGLISH, "")] == [True] * 4
    assert [pair.lonely for pair in align("", CHINESE)] == [True] * 4
    assert align("", "") == []


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="aB. 。！,$1é语音\n(?", max_size=120),
    st.text(alphabet="aB. 。！,$1语音\n)?", max_size=120),
)
def test_every_sentence_is_in_exactly_one_pair_and_in_order(source: str, target: str) -> None:
    pairs = align(source, target)
    assert [span for pair in pairs for span in pair.source_spans] == split_en(source)
    assert [span for pair in pairs for span in pair.target_spans] == split_zh(target)


def test_a_thousand_sentences_align_in_a_second() -> None:
    started = time.process_time()
    assert align("It is so. " * 1000, "就是这样。" * 990)
    assert time.process_time() - started < 3


def test_a_full_stop_after_nothing_but_white_space_is_no_trouble() -> None:
    assert [" \x85. Speech."[slice(*span)] for span in split_en(" \x85. Speech.")] == [".", "Speech."]
