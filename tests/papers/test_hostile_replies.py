"""What a hostile model or paper may send: it costs neither much time, in which nothing else runs, nor an error of ours."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers import fidelity, prompts
from papers.llm import ModelError
from papers.llm.reply import Reply

SOURCE = (
    "We propose SmallTTS with a loss $L_1$. It has 12.5M parameters and a WER of 3.2% on LibriSpeech, see https://a.org/b. "
    * 2
)
# As long as a reply can get before it is cut off, made of one thing.
LENGTH = 40_000
CPU_SECONDS = 3.0


def long(piece: str) -> str:
    return (piece * (LENGTH // len(piece) + 1))[:LENGTH]


@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        " ",
        "\t",
        "{",
        '{"a":',
        "[{",
        "A",
        "Ab",
        "a.b",
        "1.",
        "(A",
        "![",
        "a@",
        "**a",
        "\\textbf{",
        "摘要：",
        "1)",
        "x,",
    ],
)
def test_a_reply_of_one_thing_over_and_over_costs_little(piece: str) -> None:
    text = long(piece)
    prompt = prompts.translation("SmallTTS", SOURCE)
    han = "汉字" * 20
    abstract, reading = f"{han}{text}{han}。", f"1) 背景{han}\n2) 方法{han}{text}\n3) 效果{han}。"
    started = time.process_time()
    for reply in (text, json.dumps({"title": "快速SmallTTS", "abstract": abstract})):
        with suppress(prompts.BadReply):
            prompts.read_translation(reply, prompt)
    for reply in (text, reading):
        with suppress(prompts.BadReply):
            prompts.read_reading(reply)
    fidelity.check(SOURCE, abstract)
    fidelity.check_reading(reading, SOURCE)
    fidelity.check_reading(reading.replace(text, "共17.3"), text)
    assert time.process_time() - started < CPU_SECONDS


NAMES = st.sampled_from(
    [
        "choices",
        "usage",
        "error",
        "model",
        "delta",
        "message",
        "content",
        "refusal",
        "finish_reason",
        "text",
        "prompt_tokens",
        "completion_tokens",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["stop", "length", "好", ""]),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(NAMES, inside, max_size=4),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, ANYTHING, max_size=4), st.booleans())
def test_a_chunk_of_any_shape_is_a_reply_or_an_error_of_the_model_s(
    chunk: dict[str, object], streamed: bool
) -> None:
    body, reply = json.dumps(chunk).encode(), Reply(prompt_estimate=100, max_tokens=4096)
    with suppress(ModelError):
        reply.read([b"data: " + body + b"\n\ndata: [DONE]\n" if streamed else body])
        reply.check()
    assert all(0 <= count < 10**8 for count in (*reply.tokens(), reply.cached_tokens()))


def test_content_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "译"}, {"type": "text", "text": "文"}, {"type": "image"}]
    chunk = {"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]}
    reply = Reply(prompt_estimate=100, max_tokens=4096)
    reply.read([json.dumps(chunk).encode()])
    reply.check()
    assert reply.text == "译文"
