"""`fetch` and `daily` as people call them: one clear line, the right exit status, nothing lost."""

import json
import re
from collections.abc import Iterator
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from papers import pipeline
from papers.models import Announcement, Job, LLMCall, Paper, Poll
from posts import daily
from posts.management.base import Bars, spoken
from posts.management.commands import fetch
from posts.models import DailyPost, Digest, Entry
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.crowd import pdf_of
from tests.fakes.model import FakeModel
from tests.papers.ingesting import FRI, MON, THU, TUE, WED, at, papers_of, sent_away, serve, week

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def arxiv(settings: Any) -> Iterator[FakeArxiv]:
    call_command("migrate", verbosity=0)
    settings.NOW = at(WED, 9)
    papers = week()
    for one in papers:
        one.pdf = pdf_of(one)
    with serve(settings, papers) as server:
        yield server


def manage(*arguments: str) -> tuple[int, str, str]:
    """Exit status, what was printed, and what was said on standard error."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def last_line(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", text.splitlines()[-1])}


def test_fetch_prints_the_ledger_as_a_table_and_ends_with_counts(arxiv: FakeArxiv) -> None:
    status, out, err = manage("fetch", "--day", f"{WED}")
    assert (status, err) == (0, "")
    assert "2026-02-04  cs.SD     公布 2  存 2  API 2，OAI-PMH 2，每日列表 2，RSS 2" in out
    assert "2026-02-04  speech    公布 3  存 3" in out
    assert last_line(out) == {
        "announced": 3,
        "stored": 3,
        "translated": 0,
        "analysed": 0,
        "manual": 0,
        "left": 0,
    }
    assert DailyPost.objects.get(date=WED).entries.count() == 3


def test_fetch_of_a_span_lists_every_date_of_it(arxiv: FakeArxiv) -> None:
    status, out, _ = manage("fetch", "--since", f"{MON}", "--until", f"{FRI}")
    assert status == 0
    assert last_line(out)["announced"] == 9  # Thursday's and Friday's are not announced yet
    assert set(DailyPost.objects.values_list("date", flat=True)) == {MON, TUE, WED}


def test_fetch_as_json_is_one_document_with_what_readers_see(arxiv: FakeArxiv) -> None:
    Digest.objects.update(exclude_keywords=["Paper 3"])
    status, out, _ = manage("fetch", "--day", f"{WED}", "--json")
    (book,) = json.loads(out)
    assert status == 0
    assert (book["digest"], book["date"], book["announced"], book["shown"]) == ("speech", f"{WED}", 3, 0)
    assert book["held"] == {"排除词：Paper 3": 1}
    assert book["categories"][0]["by_source"]["list"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fetch", "--day", "2026-02-07"), "不是 arXiv 的公布日"),
        (("daily", "--day", "2026-02-07"), "不是 arXiv 的公布日"),
        (("fetch", "--day", "2026-01-20"), "不是 arXiv 的公布日"),
        (("fetch", "--day", "2026-02-05"), "还没有公布"),
        (("daily", "--day", "2027-02-05"), "还没有公布"),
        (("fetch", "--day", "2026-13-01"), "日期应写作"),
        (("fetch", "--day", "gestern"), "日期应写作"),
        (("fetch", "--until", "2026-02-04"), "--since"),
        (("fetch", "--since", "2026-02-04", "--until", "2026-02-02"), "之间没有"),
        (("fetch", "--since", "2026-02-04", "--day", "2026-02-02"), "--since"),
        (("fetch", "--digest", "none"), "没有名为 none"),
        (("daily", "--digest", "none"), "没有名为 none"),
    ],
)
def test_a_wrong_call_is_one_clear_line_and_status_2(
    arxiv: FakeArxiv, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = manage(*arguments)
    assert status == 2
    assert words in err
    assert "\n" not in err.strip()
    assert not arxiv.requests
    assert not Poll.objects.exists()


def test_a_category_that_arxiv_does_not_know_is_named_and_the_others_are_fetched(arxiv: FakeArxiv) -> None:
    Digest.objects.update(categories=["cs.SD", "cs.XX"])
    status, out, err = manage("fetch", "--day", f"{WED}")
    assert status == 1
    assert "cs.XX" in err
    assert "未知分类" in err
    assert "Traceback" not in err + out
    assert last_line(out)["stored"] == 2


def test_a_digest_without_categories_is_a_wrong_call(arxiv: FakeArxiv) -> None:
    Digest.objects.update(categories=[])
    assert manage("fetch", "--day", f"{WED}")[0] == 2


def test_with_arxiv_down_something_is_left_to_do_and_the_next_call_does_it(arxiv: FakeArxiv) -> None:
    arxiv.fault("down")
    status, out, err = manage("fetch", "--day", f"{WED}")
    assert status == 1
    assert "无法连接" in err
    assert "Traceback" not in err + out
    assert last_line(out) == dict.fromkeys(last_line(out), 0) | {"left": 1}
    arxiv.clear()
    assert manage("fetch", "--day", f"{WED}")[0] == 0


def test_a_business_day_on_which_nothing_came_is_status_1(arxiv: FakeArxiv, settings: Any) -> None:
    with serve(settings, papers_of(TUE)):
        status, _, err = manage("fetch", "--day", f"{WED}")
    assert status == 1
    assert "列表却是空的" in err


def test_daily_does_the_whole_day_and_a_second_one_costs_nothing(arxiv: FakeArxiv, model: FakeModel) -> None:
    status, out, _ = manage("daily", "--day", f"{WED}")
    assert status == 0
    assert last_line(out)["translated"] == last_line(out)["announced"] == 3
    calls, entries = LLMCall.objects.count(), sorted(Entry.objects.values_list("pk", "paper", "position"))
    hits = model.hits
    status, out, _ = manage("daily", "--day", f"{WED}")
    assert status == 0
    assert last_line(out)["translated"] == 3
    assert (LLMCall.objects.count(), model.hits) == (calls, hits)
    assert sorted(Entry.objects.values_list("pk", "paper", "position")) == entries
    assert Paper.objects.count() == 3


def test_daily_closes_earlier_open_dates_first(arxiv: FakeArxiv, model: FakeModel, settings: Any) -> None:
    settings.NOW = at(MON, 9)
    manage("fetch", "--day", f"{MON}")
    settings.NOW = at(THU, 9)
    status, out, _ = manage("daily", "--day", f"{THU}")
    assert status == 0
    asked = Poll.objects.filter(source__in=["list", "catchup"], category="cs.SD", asked_at=settings.NOW)
    assert list(asked.order_by("id").values_list("date", flat=True)) == [MON, TUE, WED, THU]
    assert last_line(out)["translated"] == 12
    assert set(DailyPost.objects.values_list("date", flat=True)) == {MON, TUE, WED, THU}


def test_what_an_earlier_day_left_untranslated_is_done_by_the_next_daily(
    arxiv: FakeArxiv, model: FakeModel, settings: Any
) -> None:
    settings.NOW = at(TUE, 1)
    manage("fetch", "--day", f"{TUE}")
    settings.NOW = at(TUE, 9)
    manage("fetch", "--day", f"{TUE}")  # settled, but nothing is translated
    settings.NOW = at(WED, 9)
    manage("daily", "--day", f"{WED}")
    assert not Job.objects.filter(kind="translate").exclude(state="done").exists()


def test_a_fetch_that_comes_before_its_time_says_when(arxiv: FakeArxiv) -> None:
    _, _, err = manage("fetch", "--day", f"{THU}")
    assert "2026-02-05 09:00" in err  # eight in the evening in New York is nine in the morning in Shanghai


def test_a_long_run_says_how_long_it_will_take(arxiv: FakeArxiv, settings: Any) -> None:
    settings.ARXIV_DELAY_SECONDS = 3
    command = fetch.Command(stderr=(err := StringIO()))
    command.announce(list(Digest.objects.all()), [MON, TUE, WED])
    assert "3 日" in err.getvalue()
    assert "约需 30 秒" in err.getvalue()


def test_what_was_just_listed_is_said_and_not_asked_for_again(arxiv: FakeArxiv) -> None:
    manage("fetch", "--since", f"{MON}")
    asked = len(arxiv.requests)
    _, out, err = manage("fetch", "--since", f"{MON}")
    assert "要列出 1 日（另 2 日刚列过，不再问）" in err
    assert len(re.findall("speech +公布 3  存 3", out)) == 3
    assert not [seen for seen in arxiv.requests[asked:] if "catchup" in seen.path]


def test_a_run_that_arxiv_sends_away_asks_nothing_and_says_until_when(
    arxiv: FakeArxiv, settings: Any
) -> None:
    settings.ARXIV_DELAY_SECONDS = 0.01
    sent_away(3600)
    status, out, err = manage("fetch", "--since", f"{MON}")
    assert status == 1 and last_line(out)["left"] == 3
    assert re.search(r"arXiv 要求稍候，\d\d-\d\d \d\d:\d\d:\d\d（Asia/Shanghai）以前不再去问；", err)
    assert not arxiv.requests


def test_a_wait_is_announced_once_with_its_end_where_nobody_is_watching(
    arxiv: FakeArxiv, capsys: pytest.CaptureFixture[str]
) -> None:
    sent_away(60)
    bars = Bars()
    for done in range(3):
        bars.shown.clear()
        bars("列表", pipeline.Progress(ended={("list", "done"): done}, queued=5))
    assert capsys.readouterr().err.count("arXiv 要求稍候") == 1


def test_with_many_troubles_the_alarms_come_first_and_the_rest_is_counted(settings: Any) -> None:
    books = [SimpleNamespace(alarm="" if n else "重要", silent=True) for n in range(20)]
    runs = [SimpleNamespace(ledger=book, troubles=[f"小事 {n}"], left=0) for n, book in enumerate(books)]
    command = fetch.Command(stdout=StringIO(), stderr=(err := StringIO()))
    command.show_troubles(reversed(runs))
    lines = err.getvalue().splitlines()
    assert (lines[0], lines[-1]) == ("重要", "……另有 9 条，见各日的账目")


def test_what_is_left_goes_by_the_slower_of_arxiv_and_the_model(settings: Any) -> None:
    settings.ARXIV_DELAY_SECONDS = 3
    pace, fresh = daily._Pace(), pipeline.Progress()
    pace.judge(fresh, {"fulltext": 100, "translate": 100})
    assert fresh.seconds == 100 * 2 * 3
    pace.started -= 60
    under_way = pipeline.Progress(
        ended={("translate", "done"): 90, ("fulltext", "done"): 10, ("fulltext", "waiting"): 5}
    )
    pace.judge(under_way, {"fulltext": 85, "translate": 10, "analyse": 10})
    assert under_way.seconds == pytest.approx(80 * 60 / 15, rel=0.01)  # put off is not to be done now
    pace.judge(under_way, {"fulltext": 5})
    assert under_way.seconds is None


def test_what_is_left_to_do_is_said_with_its_reasons(arxiv: FakeArxiv, model: FakeModel) -> None:
    arxiv.fault("pdf-404")
    arxiv.fault("html-404")
    status, out, err = manage("daily", "--day", f"{WED}")
    assert (status, last_line(out)["left"]) == (1, 3)
    assert "还没有做完：全文（还没有文件） 3 项；下次运行或由后台再试" in err


def test_durations_are_words() -> None:
    assert [spoken(seconds).strip() for seconds in (40, 200, 7200)] == ["40 秒", "3 分钟", "2.0 小时"]


def test_an_unusable_database_is_one_line(arxiv: FakeArxiv, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise OperationalError("no such table: posts_digest")

    monkeypatch.setattr("posts.daily.fetch", broken)
    status, _, err = manage("fetch", "--day", f"{WED}")
    assert (status, "manage.py migrate" in err) == (1, True)


def test_nothing_of_a_day_is_lost_when_the_run_is_interrupted(
    arxiv: FakeArxiv, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    manage("fetch", "--day", f"{TUE}")
    monkeypatch.setattr("posts.daily.fetch", interrupted)
    status, _, err = manage("fetch", "--day", f"{WED}")
    assert (status, "已中断" in err) == (130, True)
    assert Announcement.objects.filter(date=TUE).exists()
