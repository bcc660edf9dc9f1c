"""The addresses that a page repeats for each paper, written without a look-up: they are a contract."""

import datetime as dt
from urllib.parse import quote


def paper(arxiv_id: str) -> str:
    """/papers/2601.19786/"""
    return f"/papers/{arxiv_id}/"


def category(code: str) -> str:
    """/categories/cs.SD/"""
    return f"/categories/{quote(code)}/"


def tag(name: str) -> str:
    """/tags/语音合成/, quoted"""
    return f"/tags/{quote(name)}/"


def day(slug: str, date: dt.date) -> str:
    """/d/speech/2026/01/28/"""
    return f"/d/{slug}/{date.year:04}/{date.month:02}/{date.day:02}/"


def term(english: str) -> str:
    """/glossary/zero-shot/, quoted"""
    return f"/glossary/{quote(english)}/"
