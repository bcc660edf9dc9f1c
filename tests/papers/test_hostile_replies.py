"""What a hostile model or paper may send: it costs neither much time, in which nothing else runs, nor an error of ours."""

import json
import time
from contextlib import suppress

import pytest

from papers import fidelity, prompts

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
