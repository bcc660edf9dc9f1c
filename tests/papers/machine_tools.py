"""What tests of the machine's work share: the fake model behind the settings, and one job done by hand."""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai  # noqa: F401 - loaded before the deadline of a test's first call runs

from digest_site import clock
from papers import jobs
from papers.models import FullText, Job, Paper, Summary
from papers.pipeline import failures
from papers.pipeline.work import WORK
from tests.base import database_address, make_paper
from tests.fakes.model import FakeModel

ABSTRACT = (
    "Streaming accent conversion is difficult. We propose FlowAccent, a model of 12.5M parameters "
    "that needs only $k$ codebooks. It reaches a word error rate of 4.2% on LibriSpeech."
)
SECTION = (
    "We convert accents while people speak. The model FlowAccent has 12.5M parameters and reads frames of "
    "20 ms. It reaches a word error rate of 4.2% on LibriSpeech and 5.1% on VCTK."
)
FULL_TEXT = "\n\n".join(
    [
        "FlowAccent",
        "1 Introduction",
        SECTION,
        "2 Method",
        SECTION,
        "3 Results",
        SECTION,
        "4 Conclusion",
        SECTION,
    ]
)


@contextmanager
def fake_model(settings: Any, **options: Any) -> Iterator[FakeModel]:
    with FakeModel(**options) as server:
        point_at(server, settings)
        yield server


def point_at(server: FakeModel, settings: Any) -> None:
    settings.OPENAI_BASE_URL = server.base_url
    settings.OPENAI_API_KEY = "key"
    settings.OPENAI_MODEL = settings.OPENAI_ANALYSIS_MODEL = "fake"
    settings.LLM_DEADLINE_SECONDS = 5
    settings.LLM_CONCURRENCY = 4


def environment_of(model: FakeModel) -> dict[str, str]:
    """For a process of its own: the test's database, and this model."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "digest_site.settings",
        "DATABASE_URL": database_address(),
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "key",
        "OPENAI_MODEL": "fake",
    }


def make_waiting(**fields: Any) -> Summary:
    """A paper that waits for its translation."""
    return Summary.objects.create(paper=make_paper(**{"abstract": ABSTRACT} | fields))


def make_full_text(paper: Paper, text: str = FULL_TEXT) -> FullText:
    sections = [
        [line, text.index(f"\n\n{line}\n\n") + 2]
        for line in text.split("\n\n")
        if line[:2] in ("1 ", "2 ", "3 ", "4 ")
    ]
    return FullText.objects.create(
        paper=paper,
        version=paper.version,
        source="html",
        engine="html",
        text=text,
        sections=sections,
        extracted_at=clock.now(),
    )


def claimed(kind: str, paper: Paper) -> Job:
    """This paper's job, claimed by this process whether it is due or not."""
    jobs.enqueue(kind, [paper.arxiv_id])
    [job] = jobs.claim([kind], waiting_too=True, subjects=[paper.arxiv_id])
    return job


def done(kind: str, paper: Paper) -> Job:
    """The job after one attempt."""
    job = claimed(kind, paper)
    failures.run(job, WORK[kind])
    job.refresh_from_db()
    return job


def translated(summary: Summary) -> Job:
    job = done(Job.Kind.TRANSLATE, summary.paper)
    summary.refresh_from_db()
    return job


def analysed(summary: Summary) -> Job:
    job = done(Job.Kind.ANALYSE, summary.paper)
    summary.refresh_from_db()
    return job


def waits(job: Job) -> dt.timedelta:
    """How long from now until the job's next try."""
    assert job.state == Job.State.WAITING and job.next_try_at, (job.state, job.error_class, job.reason)
    return job.next_try_at - clock.machine_now()
