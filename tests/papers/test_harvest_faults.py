"""The whole house against the whole fake arXiv: every door in fine weather, then every fault by name."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from papers.harvest import Arxiv, SourceError
from tests.fakes import arxiv_sample
from tests.fakes.arxiv import FAULTS, FakeArxiv


@pytest.fixture
def fake():
    with FakeArxiv(arxiv_sample.world()) as one:
        yield one
        assert not one.unknown


def client(fake, patience=60):
    return Arxiv(
        api_url=fake.api_url,
        rss_url=fake.rss_url,
        oai_url=fake.oai_url,
        site_url=fake.site_url,
        contact="editor@example.org",
        wait_turn=nullcontext,
        now=lambda: datetime.now(UTC),
        timeout=(patience, patience),
    )


def paper_of(fake):
    """A sample paper with a PDF, announced in the fake's newest batch."""
    sheet = client(fake).new_list("cs.SD")
    return next(item.arxiv_id for item in sheet.items() if fake.world.paper(item.arxiv_id).pdf)


def call(fake, door, paper, patience=60):
    arxiv, today = client(fake, patience), fake.world.today()
    until = datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
    return {
        "list": lambda: arxiv.new_list("cs.SD").items(),
        "catchup": lambda: arxiv.catchup("cs.SD", fake.world.latest_batch()).items(),
        "rss": lambda: arxiv.rss(["cs.SD", "eess.AS"]).items(),
        "metadata": lambda: arxiv.metadata([paper]),
        "recent": lambda: arxiv.recent(["cs.SD"], until - timedelta(days=10), until),
        "oai": lambda: arxiv.oai("cs.SD", None).records,
    }[door]()


DOORS = ["list", "catchup", "rss", "metadata", "recent", "oai"]
EVERYWHERE = {
    "down": "unreachable",
    "reset": "unreachable",
    "hang": "unreachable",
    "rate-429": "throttled",
    "rate-429-retry-after": "throttled",
    "rate-503": "throttled",
    "rate-200": "throttled",
    "refuse-406": "throttled",
    "forbid-403": "forbidden",
    "html-200": "broken",
    "empty-body": "broken",
    "cut-body": "truncated",
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_answers_in_fine_weather(fake, door):
    assert call(fake, door, paper_of(fake))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("fault", EVERYWHERE)
def test_a_fault_of_the_whole_house_is_named_at_every_door(fake, door, fault):
    paper = paper_of(fake)
    fake.fault(fault)
    with pytest.raises(SourceError) as caught:
        # Only who is kept waiting may lose patience: on a busy machine a third of a second is no time at all.
        call(fake, door, paper, patience=0.3 if fault == "hang" else 60)
    assert caught.value.state == EVERYWHERE[fault]
    assert (caught.value.retry_after == 5) is (fault in ("rate-429-retry-after", "rate-503"))
    assert fake.fired[fault] == 1


@pytest.mark.parametrize(
    ("fault", "door", "state"),
    [
        ("error-entry", "metadata", "broken"),
        ("malformed-xml", "rss", "truncated"),
        ("malformed-xml", "recent", "truncated"),
        ("malformed-xml", "oai", "truncated"),
        ("two-feeds", "metadata", "broken"),
        ("api-empty", "recent", "truncated"),
        ("truncated-list", "list", "truncated"),
    ],
)
def test_a_fault_of_one_source_is_named(fake, fault, door, state):
    assert fault in FAULTS
    paper = paper_of(fake)
    fake.fault(fault)
    with pytest.raises(SourceError) as caught:
        call(fake, door, paper)
    assert caught.value.state == state


@pytest.mark.parametrize(
    ("fault", "state"),
    [("pdf-404", "missing"), ("pdf-html", "broken"), ("pdf-truncated", "truncated"), ("pdf-zero", "broken")],
)
def test_a_fault_of_a_file_is_named(fake, fault, state):
    fake.fault(fault)
    with pytest.raises(SourceError) as caught:
        client(fake).pdf(paper_of(fake), 1)
    assert caught.value.state == state


@pytest.mark.parametrize(("fault", "read"), [("stale-list", "new_list"), ("stale-rss", "rss")])
def test_a_stale_answer_shows_its_own_date_and_not_todays(fake, fault, read):
    def ask():
        return getattr(client(fake), read)(["cs.SD"] if read == "rss" else "cs.SD")

    today = ask().date
    fake.fault(fault)
    assert ask().date < today
    assert fake.fired[fault] == 1
