"""Bombs, wrecks and liars: each ends as a recorded reason, within its limits, and leaves the caller alive."""

import os
import time
import zlib

import pytest

from papers.extract import REASONS, Limits, Unreadable, text_of
from tests.papers.extract_samples import (
    DATA,
    PROSE,
    article,
    column,
    file_of,
    needs_data,
    page_of,
    paper_of,
    pdf_of,
)

TIGHT = Limits(memory=400_000_000, cpu=2, wall=8.0)
LINES = [f"{PROSE[:70]} {n}" for n in range(30)]


def reason_for(data: bytes, content_type: str = "application/pdf", limits: Limits = TIGHT) -> str:
    started = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        text_of(data, content_type, limits=limits)
    assert caught.value.reason in REASONS
    assert time.monotonic() - started < 2 * limits.wall
    return caught.value.reason


def test_no_bytes_are_an_empty_file():
    assert reason_for(b"") == "empty"


def test_a_web_page_that_is_called_pdf_is_not_a_pdf():
    assert reason_for(b"<html><body>Rate exceeded.</body></html>") == "not_a_pdf"


def test_a_pdf_that_is_called_html_is_read_as_a_pdf():
    assert text_of(paper_of(column(LINES)), "text/html").engine == "pdfium"


def test_a_file_over_the_size_limit_is_not_opened():
    assert reason_for(b"%PDF-1.5 " + b"x" * 100, limits=Limits(data=50)) == "too_big"


def test_more_pages_than_allowed_are_too_long():
    assert reason_for(paper_of(*[column(LINES[:2])] * 5), limits=Limits(pages=4)) == "too_long"


def test_more_text_than_allowed_is_too_long():
    assert reason_for(paper_of(column(LINES)), limits=Limits(chars=500)) == "too_long"


def test_an_answer_longer_than_the_pipe_allows_is_too_long():
    page = article(f'<p class="ltx_p">{PROSE * 2000}</p>')
    assert reason_for(page, "text/html", Limits(output=50_000)) == "too_long"


def test_a_file_without_pages_is_empty():
    assert reason_for(pdf_of([])) in {"empty", "broken"}


def test_a_page_without_text_is_empty():
    assert reason_for(paper_of([])) == "empty"


def test_a_truncated_file_is_broken_or_keeps_what_can_be_read():
    whole = paper_of(column(LINES), column(LINES))
    assert reason_for(whole[:300]) in {"broken", "empty"}


def test_random_bytes_behind_a_header_are_broken():
    assert reason_for(b"%PDF-1.7\n" + bytes(range(256)) * 40) == "broken"


def test_a_small_file_of_millions_of_operators_ends_within_its_limits():
    page = zlib.compress(b"q " * 3_000_000, 9)
    assert len(page) < 7_000
    with pytest.raises(Unreadable) as caught:
        text_of(pdf_of([page]), "application/pdf", limits=TIGHT)
    assert caught.value.reason in {"memory", "time", "empty"}


def test_a_stream_that_inflates_to_a_gigabyte_ends_within_its_limits():
    squeezer = zlib.compressobj(1)
    chunk = b" " * 1_000_000
    once = b"".join(squeezer.compress(chunk) for _ in range(1000)) + squeezer.flush()
    twice = zlib.compress(once, 9)
    assert len(twice) < 100_000
    assert reason_for(pdf_of([twice], filters=b"[/FlateDecode /FlateDecode]")) in {
        "memory",
        "time",
        "broken",
        "empty",
    }


def test_nested_arrays_do_not_take_the_caller_along():
    assert reason_for(file_of([b"<< /Type /Catalog /Pages " + b"[" * 200_000 + b"]" * 200_000 + b" >>"])) in {
        "broken",
        "empty",
        "memory",
    }


def test_a_page_tree_that_bites_its_tail_ends():
    loop = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R] >>"]
    assert reason_for(file_of(loop)) in {"broken", "empty", "time", "memory"}


def test_a_tree_that_claims_a_billion_pages_is_too_long():
    tree = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 1000000000 /Kids [] >>"]
    assert reason_for(file_of(tree)) in {"too_long", "broken", "empty"}


def test_running_out_of_wall_time_is_not_the_files_fault():
    with pytest.raises(Unreadable) as caught:
        text_of(paper_of(column(LINES)), "application/pdf", limits=Limits(wall=0.001))
    assert caught.value.reason == "time"
    assert not caught.value.permanent


def test_running_out_of_processor_time_is_final():
    pages = [page_of(column(LINES * 3, step=4), size=4)] * 400
    with pytest.raises(Unreadable) as caught:
        text_of(pdf_of(pages), "application/pdf", limits=Limits(cpu=1))
    assert caught.value.reason == "time"
    assert caught.value.permanent


def test_no_child_and_no_file_is_left_behind():
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for data in (b"%PDF-1.7 nothing", paper_of([])):
        with pytest.raises(Unreadable):
            text_of(data, "application/pdf", limits=TIGHT)
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@needs_data
def test_a_real_paper_that_breaks_off_gives_text_or_a_reason():
    data = (DATA / "pdf" / "1712.05884v1.pdf").read_bytes()
    try:
        assert text_of(data[: len(data) // 2], "application/pdf").text
    except Unreadable as error:
        assert error.reason in REASONS
