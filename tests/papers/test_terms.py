"""The term base: look-up, violations, CSV."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.term_files import TermFileError, read_csv, seed_terms, write_csv
from papers.terms import Term, TermMatcher, violations

ASR = Term("ASR", "语音识别", keep_as_is=True, is_topic=True)
SPEECH_RECOGNITION = Term("speech recognition", "语音识别", ("自动语音识别",), is_topic=True)
SPEECH = Term("speech", "语音")
ZERO_SHOT = Term("zero-shot", "零样本", forbidden=("零试",))
CODEC = Term("codec", "编解码器")
HALLUCINATION = Term("hallucination", "幻觉", forbidden=("幻听",))
TERMS = (ASR, SPEECH_RECOGNITION, SPEECH, ZERO_SHOT, CODEC, HALLUCINATION)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Zero-Shot learning", [ZERO_SHOT]),
        ("zero shot learning", [ZERO_SHOT]),
        ("neural codecs", [CODEC]),
        ("the codec's rate", [CODEC]),
        ("ASRs", [ASR]),
        ("asr", []),
        ("codecology", []),
        ("Hallucinations happen", [HALLUCINATION]),
    ],
)
def test_terms_are_found_in_their_usual_spellings(text: str, found: list[Term]) -> None:
    assert TermMatcher(TERMS).occurring(text) == found


def test_a_term_with_prefix_hyphen_is_found_without_it_and_vice_versa() -> None:
    terms = (Term("pretrained", "预训练"), Term("fine-tuning", "微调"))
    assert len(TermMatcher(terms).occurring("pre-trained models and finetuning")) == 2


def test_the_longest_match_wins() -> None:
    assert TermMatcher(TERMS).occurring("Speech recognition") == [SPEECH_RECOGNITION]


def test_at_most_the_limit_is_offered_and_the_most_frequent_first() -> None:
    terms = [Term(f"term{letter}", "术语") for letter in "abcdefghijklmnopqrstuvwxyz"]
    text = " ".join(term.english for term in terms) + " termz termz"
    assert len(TermMatcher(terms).occurring(text)) == 15
    assert TermMatcher(terms).occurring(text)[0].english == "termz"


def test_a_forbidden_rendering_is_found_with_both_spans() -> None:
    (violation,) = violations("ASR hallucination", "语音识别的幻听", TERMS)
    assert (violation.found, violation.source_span, violation.target_span) == ("幻听", (4, 17), (5, 7))


def test_a_forbidden_word_is_free_where_the_term_does_not_occur() -> None:
    assert violations("Auditory verbal symptoms", "幻听症状", TERMS) == []


def test_a_forbidden_word_inside_an_accepted_longer_one_is_no_violation() -> None:
    terms = (Term("deepfake", "深度伪造", forbidden=("伪造",)),)
    assert violations("A deepfake", "深度伪造", terms) == []
    assert violations("A deepfake", "伪造", terms)[0].found == "伪造"


def test_a_variant_or_the_english_word_itself_satisfies() -> None:
    assert violations("speech recognition", "自动语音识别", TERMS) == []
    assert violations("zero-shot", "Zero-shot方法", TERMS) == []


def test_a_term_rendered_in_no_accepted_way_is_reported_without_a_finding_in_the_target() -> None:
    (violation,) = violations("a codec", "一个压缩器", TERMS)
    assert violation.term is CODEC and violation.target_span is None


# --- CSV -----------------------------------------------------------------------------------------

WORD = st.text(alphabet="=+-@'\t,\"\na1语音", min_size=1, max_size=8).map(lambda cell: f"{cell.strip()}x")


@given(
    st.lists(
        st.builds(Term, WORD, WORD, st.tuples(WORD), st.booleans(), st.just(()), st.booleans(), WORD),
        max_size=4,
    )
)
def test_what_is_written_is_read_back(terms: list[Term]) -> None:
    unique = list({term.english: term for term in terms}.values())
    assert read_csv(write_csv(unique)) == unique


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t"])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(start: str) -> None:
    assert f"'{start}cmd" in write_csv([Term("a", "b", note=f"{start}cmd")])


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (",语音,,,,,", "缺少英文术语"),
        ("speech,,,,,,", "缺少中文译名"),
        ("speech,语音,,vielleicht,,,", "keep_as_is"),
        ("speech,语音,,,语音,,", "同时被禁用"),
        ("codec,编码,,,,,", "重复"),
        ("speech,语音,,,,,,,,", "列数过多"),
    ],
)
def test_a_bad_row_is_named_by_its_line(row: str, what: str) -> None:
    header = "english,chinese,variants,keep_as_is,forbidden,is_topic,note"
    with pytest.raises(TermFileError) as caught:
        read_csv(f"{header}\ncodec,编解码器,,,,,\n{row}\n")
    assert caught.value.problems[0][0] == 3
    assert what in str(caught.value)


def test_a_file_without_the_header_is_refused() -> None:
    with pytest.raises(TermFileError, match="第1行"):
        read_csv("speech,语音\n")


def test_a_byte_order_mark_and_empty_rows_do_no_harm() -> None:
    assert read_csv("\ufeffenglish,chinese\r\n,\r\nspeech,语音\r\n") == [SPEECH]


# --- the seed --------------------------------------------------------------------------------------


def test_the_seed_has_enough_terms_and_topics() -> None:
    terms = seed_terms()
    assert len(terms) >= 170
    assert len({term.chinese for term in terms if term.is_topic}) >= 50


def test_the_seed_never_forbids_what_it_accepts() -> None:
    assert not [t.english for t in seed_terms() if set(t.forbidden) & set(t.accepted)]


@pytest.mark.parametrize(
    ("source", "target"),
    [("hallucination", "幻听"), ("multimodal", "多峰值"), ("zero-shot", "零试"), ("Transformer", "变压器")],
)
def test_the_seed_forbids_what_was_seen_in_print(source: str, target: str) -> None:
    assert [v.found for v in violations(source, target, seed_terms())] == [target]


def test_a_whispered_voice_is_not_the_model_whisper() -> None:
    assert "Whisper" not in [
        term.english for term in TermMatcher(seed_terms()).occurring("Speakers whisper.")
    ]


def test_three_thousand_terms_cost_no_more_than_thirty() -> None:
    matcher = TermMatcher([*seed_terms(), *(Term(f"word{i} phrase", "词") for i in range(3000))])
    started = time.process_time()
    for _ in range(100):
        matcher.occurring("We study zero-shot speech recognition with large language models. " * 20)
    assert time.process_time() - started < 3
