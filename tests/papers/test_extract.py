"""The door of the room: what text_of takes, gives and refuses."""

import pytest

from papers.extract import Limits, Unreadable, text_of


def reason_for(data: bytes, content_type: str = "application/pdf", limits: Limits | None = None) -> str:
    with pytest.raises(Unreadable) as caught:
        text_of(data, content_type, limits=limits or Limits())
    return caught.value.reason


def test_no_bytes_are_an_empty_file():
    assert reason_for(b"") == "empty"


def test_a_web_page_that_is_called_pdf_is_not_a_pdf():
    assert reason_for(b"<html><body>Rate exceeded.</body></html>") == "not_a_pdf"


def test_a_file_over_the_size_limit_is_not_opened():
    assert reason_for(b"%PDF-1.5 " + b"x" * 100, limits=Limits(data=50)) == "too_big"
