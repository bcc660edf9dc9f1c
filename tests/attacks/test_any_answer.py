"""Answers of arXiv and of the model, cut, spliced and poisoned: a typed value or a named error, nothing else."""

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from papers import prompts, replies
from papers.harvest import SourceError
from papers.harvest.values import Item
from papers.taxonomy import parse_id
from tests.attacks.answers import PIECES, READERS, good, mutated, texts_of

CUTS = st.lists(
    st.tuples(
        st.floats(0, 1), st.integers(0, 400), st.one_of(st.sampled_from(PIECES), st.binary(max_size=12))
    ),
    min_size=1,
    max_size=4,
)
UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
SOURCE = prompts.translation(
    "Accent Conversion with $k$ Codebooks", "The rate falls to $4.2$% on https://a.example/x."
)
REPLY = '{"title": "用⟦M1⟧个码本的口音转换", "abstract": "错误率降至⟦M2⟧%，见⟦M3⟧。"}'
READING = "1) **研究背景与既有方法的问题**\n延迟太高，用户听到的声音断断续续。\n\n2) **核心方法**\n流式码本，一次一帧。\n\n3) **任务与效果**\n错误率降至4.2%，优于基线。"
PARTS = st.sampled_from(
    ["⟦M1⟧", "⟦M2⟧", "⟦M9⟧", "⟦", "⟧", '"', "\\", "{", "}", "\n", "```", "<think>", "</think>", "null", "摘要：", "1)", "2)",
     "3)", "**", "$", "\x00", "\u202e", "\ud800", "𝒳", "<script>", "9" * 300, "[", "]", "：", ""]
)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.one_of(PARTS, st.text(max_size=8))), max_size=5
)


@pytest.mark.parametrize("source", READERS)
def test_a_good_answer_is_read_whole(source: str) -> None:
    assert len(READERS[source](good()[source])) >= 2


@pytest.mark.parametrize("source", READERS)
@settings(max_examples=150, deadline=None)
@given(cuts=CUTS)
@example(cuts=[(0.2890625, 0, b">")])  # a date that is none
def test_any_answer_is_clean_values_or_a_named_error(
    source: str, cuts: list[tuple[float, int, bytes]]
) -> None:
    try:
        found = READERS[source](mutated(good()[source], cuts))
    except SourceError as error:
        assert error.state
        return
    for one in found:
        assert parse_id(one.arxiv_id)
        assert not [text for text in texts_of(one) if UNWANTED.search(text)]
        assert not isinstance(one, Item) or one.title


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    for place, length, piece in edits:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


@settings(max_examples=300, deadline=None)
@given(edits=EDITS)
def test_any_reply_is_a_whole_translation_or_a_named_failure(edits: list[tuple[float, int, str]]) -> None:
    try:
        found = prompts.read_translation(edited(REPLY, edits), SOURCE)
    except replies.BadReply as error:
        assert error.reason and error.message
        return
    assert found.title.count("$k$") == 1
    assert found.abstract.count("$4.2$") == 1 and found.abstract.count("https://a.example/x") >= 1
    assert not UNWANTED.search(found.title + found.abstract)


@settings(max_examples=300, deadline=None)
@given(edits=EDITS)
def test_any_reading_has_its_three_parts_or_a_named_failure(edits: list[tuple[float, int, str]]) -> None:
    try:
        found = prompts.read_reading(edited(READING, edits))
    except replies.BadReply as error:
        assert error.reason
        return
    assert not UNWANTED.search(found.replace("\n", ""))


@settings(max_examples=200, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["title", "abstract", "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_json_is_a_translation_or_a_named_failure(value: object) -> None:
    with pytest.raises(replies.BadReply):
        prompts.read_translation(json.dumps(value), SOURCE)
