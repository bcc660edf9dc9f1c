"""The world of the built-in sample edition: tests/fakes/sample, as the fake arXiv serves it."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial

from tests.fakes import sample
from tests.fakes.arxiv_world import Clock, FakePaper, Version, World


def world(now: Clock | datetime | None = None) -> World:
    """All sample papers, standing at the sample's own instant unless told otherwise."""
    return World(map(_paper, sample.papers()), now or datetime.fromisoformat(sample.NOW))


def _paper(item: Mapping) -> FakePaper:
    return FakePaper(
        item["id"],
        item["title"],
        item["abstract"],
        item["authors"],
        item["categories"],
        comment=item["comment"],
        licence=item["licence"],
        versions=[_version(one) for one in item["versions"]],
        html=sample.html_of(item),
        pdf=partial(sample.pdf_of, item) if item["files"] in ("pdf", "both") else None,
    )


def _version(one: Mapping) -> Version:
    submitted = datetime.fromisoformat(one["submitted"])
    return Version(one["version"], submitted, date.fromisoformat(one["announced"]), comment=one["comment"])
