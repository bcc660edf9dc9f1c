"""The main job from end to end on real sockets: announcement, Chinese draft, review, public page and feed."""

import datetime as dt
import logging
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from digest_site import logs
from papers.models import Job, LLMCall, Summary
from posts.models import DailyPost, Entry
from tests import base
from tests.fakes import sample
from tests.fakes.arxiv import FakeArxiv, load_world
from tests.fakes.edition import environment, fake_model
from tests.fakes.model import FakeModel

pytestmark = pytest.mark.django_db(transaction=True)
DAY = sample.PUBLISHED_DAY
PAGE = f"/d/speech/{DAY:%Y/%m/%d}/"


@pytest.fixture
def model() -> Iterator[FakeModel]:
    with fake_model() as server:
        yield server


@pytest.fixture
def arxiv(model: FakeModel, settings: Any) -> Iterator[FakeArxiv]:
    with FakeArxiv(load_world("sample")) as server:
        for name, value in environment(server, model).items():
            setattr(settings, name, value)
        settings.NOW = dt.datetime.fromisoformat(sample.NOW)
        settings.ARXIV_DELAY_SECONDS = 0
        settings.LLM_CONCURRENCY = 4
        call_command("migrate", verbosity=0)
        yield server


def daily(day: dt.date = DAY) -> tuple[int, str]:
    """Exit status and what the command printed."""
    out = StringIO()
    try:
        call_command("daily", day=f"{day:%F}", stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_a_day_goes_from_announcement_to_public_page_and_feed(arxiv: FakeArxiv, client: Client) -> None:
    status, printed = daily()
    assert (status, printed.splitlines()[-1].split()[0]) == (0, "announced=8")
    chief = base.chief()
    post = DailyPost.objects.get(date=DAY)
    assert client.get(PAGE).status_code == 404  # a draft is nobody's business
    for summary in Summary.objects.filter(status="needs_review"):
        summary.approve(chief)
    post.publish(chief)
    page = client.get(PAGE).content.decode()
    feed = client.get("/feeds/category/cs.SD/rss.xml").content.decode()
    for entry in Entry.objects.public().select_related("paper__summary__public"):
        assert entry.paper.summary.public.title[:6] in page
        assert entry.paper.arxiv_id in page
    assert "2609.99001" in feed
    assert "08:50" in page
    assert arxiv.unknown == []


def test_the_way_of_a_paper_can_be_searched_for_in_the_log_by_its_id(
    arxiv: FakeArxiv, caplog: pytest.LogCaptureFixture
) -> None:
    """One id from the listing to the reader, whichever process wrote the line."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.Line())
    logging.getLogger().addHandler(handler)
    for name in ("papers", "posts"):
        caplog.set_level(logging.INFO, name)
    try:
        call_command("daily", day=f"{DAY:%F}", verbosity=2, stdout=StringIO(), stderr=StringIO())
        summary = Summary.objects.get(paper__arxiv_id="2609.99001")
        summary.approve(base.chief())
        DailyPost.objects.get(date=DAY).publish(base.chief())
    finally:
        logging.getLogger().removeHandler(handler)
    lines = [line.partition(" ")[2] for line in written.getvalue().splitlines() if "2609.99001" in line]
    way = [re.sub(r".*?\[(\w+) 2609.99001\].*", r"\1", line) for line in lines if "[" in line]
    assert set(way) == {"list", "translate", "fulltext", "analyse", "assemble", "review"}
    assert (way[0], way[-1]) == ("list", "review")
    assert "approve needs_review→approved by zhubian" in lines[-1]


def test_a_second_daily_of_the_same_day_pays_nothing_and_changes_nothing(
    arxiv: FakeArxiv, model: FakeModel
) -> None:
    daily()
    hits, rows = model.hits, list(Entry.objects.values_list("paper__arxiv_id", "position"))
    status, _ = daily()
    assert status == 0
    assert model.hits == hits
    assert list(Entry.objects.values_list("paper__arxiv_id", "position")) == rows


def test_a_refused_paper_goes_to_a_person_and_a_busy_one_waits(arxiv: FakeArxiv) -> None:
    status, printed = daily(sample.DRAFT_DAY)
    assert status == 1
    assert "manual=1" in printed
    assert Summary.objects.get(paper__arxiv_id="2609.99012").status == "manual"
    assert Summary.objects.get(paper__arxiv_id="2609.99013").status == "waiting"
    job = Job.objects.get(kind="translate", subject="2609.99013")
    assert (job.state, job.error_class) == ("waiting", "busy")


def test_every_paid_reply_is_kept_before_it_is_used(arxiv: FakeArxiv, model: FakeModel) -> None:
    daily()
    assert LLMCall.objects.count() == model.hits
    assert not LLMCall.objects.filter(state="open").exists()
    assert not LLMCall.objects.filter(state="done", reply="").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"day": "2026-09-19"}, "不是 arXiv 的公布日"),
        ({"day": "2030-01-09"}, "还没有公布"),
        ({"day": "tomorrow"}, "日期应写作"),
        ({"digest": ["nonsense"]}, "没有名为"),
    ],
)
def test_a_wrong_call_gets_one_clear_line_and_status_2(
    arxiv: FakeArxiv, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(Exception, match=said) as caught:
        call_command("daily", stdout=StringIO(), **arguments)
    assert getattr(caught.value, "returncode", None) == 2


def test_with_arxiv_down_the_day_stays_open_and_the_command_says_so(arxiv: FakeArxiv) -> None:
    arxiv.fault("down")
    status, printed = daily()
    assert status == 1
    assert "left=" in printed
    arxiv.clear()
    assert daily()[0] == 0


def test_a_wrong_key_stops_all_model_work_with_one_alarm_until_resumed(
    arxiv: FakeArxiv, model: FakeModel
) -> None:
    model.every(1, "bad-key-401")
    status, _ = daily()
    assert status == 1
    assert model.hits <= 4  # those in flight when the first one failed
    model.every(1, "ok")
    assert daily()[0] == 1  # still halted
    call_command("resume", stdout=StringIO())
    assert daily()[0] == 0
