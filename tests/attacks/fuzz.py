"""Coverage-guided fuzzing of what reads hostile text: `make fuzz`, or `python -m tests.attacks.fuzz -max_total_time=600`.

Arguments are libFuzzer's (https://llvm.org/docs/LibFuzzer.html). What it finds becomes a test with a name; hypothesis
stays the everyday tool, because it needs no instrumentation and shrinks better.
"""

import datetime as dt
import sys
import time
from contextlib import suppress

import atheris

with atheris.instrument_imports(
    include=["papers", "posts.rendering", "posts.jekyll", "posts.jekyll_reading", "markdown"]
):
    from papers import prompts, replies, sentences
    from papers.fidelity import check, check_reading
    from posts import jekyll, jekyll_reading
    from posts.rendering import abstract_html, title_html, to_html

from tests.attacks import harm

LONGEST_SECONDS = 2.0
DAY = dt.date(2026, 1, 28)
SOURCE = prompts.translation("Accent Conversion with $k$ Codebooks", "The rate falls to $4.2$%.")


def one_input(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    started = time.monotonic()
    half = len(text) // 2
    renders(text)
    check(text[:half], text[half:])
    check_reading(text[:half], text[half:])
    sentences.align(text[:half], text[half:])
    reads(text)
    assert time.monotonic() - started < LONGEST_SECONDS, "too slow"


def renders(text: str) -> None:
    for render in (to_html, abstract_html, title_html):
        assert not harm.acting(f"<!doctype html><body>{render(text)}")


def reads(text: str) -> None:
    for read in (lambda: prompts.read_translation(text, SOURCE), lambda: prompts.read_reading(text)):
        with suppress(replies.BadReply):
            read()
    try:
        post = jekyll_reading.read(text, DAY)
    except jekyll.Malformed:
        return
    assert jekyll.write(post) == text


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *(sys.argv[1:] or ["-max_total_time=120"]), "-max_len=4000"], one_input)
    atheris.Fuzz()
