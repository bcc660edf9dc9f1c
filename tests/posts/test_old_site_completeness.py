"""What the old site's posts lack: arXiv fills it in, its failed steps are done, and what it never had can be made up for."""

import datetime as dt
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from papers.models import Generation, Job, Paper, Summary
from posts import jekyll
from posts.jekyll import OldEntry, OldPost
from posts.models import DailyPost, Entry
from tests.base import chief, make_editor, speech
from tests.fakes.arxiv import FakeArxiv, FakePaper
from tests.fakes.arxiv_world import CC_BY, first_version, next_version
from tests.fakes.crowd import pdf_of
from tests.fakes.model import FakeModel
from tests.papers.ingesting import TUE, WED, at, paper, papers_of, serve, stored, targets

pytestmark = pytest.mark.django_db(transaction=True)

# More than the 90 days of the catch-up pages before Wednesday.
LONG_AGO = dt.date(2025, 10, 21)
FAILED = "（全文解读失败：404 Client Error: Not Found for url: https://arxiv.org/pdf/{}v1）"


@pytest.fixture
def arxiv(settings: Any) -> Iterator[FakeArxiv]:
    call_command("migrate", verbosity=0)
    settings.NOW = at(WED, 9)
    papers = [one for day in (LONG_AGO, TUE, WED) for one in papers_of(day)]
    for one in papers:
        one.comment, one.licence, one.pdf = "12 pages", CC_BY, pdf_of(one)
    with serve(settings, papers) as server:
        yield server


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The old site had the first paper of either date, and failed at reading the newer one."""
    folder = tmp_path / "_posts"
    folder.mkdir()
    for day, failed in ((LONG_AGO, False), (TUE, True)):
        (folder / f"{day:%F}-arxiv.md").write_text(
            old_post(day, papers_of(day)[:1], failed), encoding="utf-8"
        )
    return folder


def old_post(day: dt.date, papers: list[FakePaper], failed: bool = False) -> str:
    end = dt.datetime.combine(day, dt.time(8, 50))
    entries = tuple(
        OldEntry(
            arxiv_id=one.arxiv_id,
            version=1,
            title=one.title,
            authors=tuple(one.authors),
            categories=tuple(one.categories),
            abstract="旧站的中文摘要。",
            reading="" if failed else "1) 旧站的解读",
            note=FAILED.format(one.arxiv_id) if failed else None,
        )
        for one in papers
    )
    return jekyll.write(
        OldPost(day, end - dt.timedelta(days=1), end, 1, ("arxiv", "cs.SD", "eess.AS"), entries)
    )


def manage(*words: str) -> tuple[int, str]:
    """Exit status and what was printed."""
    out = StringIO()
    try:
        call_command(*words, stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def books(*words: str) -> list[dict[str, Any]]:
    return list(json.loads(manage("fetch", *words, "--json")[1]))


def name(day: dt.date, number: int) -> str:
    return papers_of(day)[number - 1].arxiv_id


# What arXiv fills in


def test_fetching_any_date_fills_in_what_the_old_posts_lack(arxiv: FakeArxiv, old: Path) -> None:
    manage("import_jekyll", str(old))
    assert stored(name(LONG_AGO, 1)).abstract == ""
    assert manage("fetch", "--day", f"{WED}")[0] == 0
    for day in (LONG_AGO, TUE):
        found = stored(name(day, 1))
        assert found.abstract == papers_of(day)[0].abstract
        assert (found.comment, found.licence) == ("12 pages", CC_BY)
        assert found.submitted == first_version(day).submitted == found.updated
        assert found.fetched_at is not None
    assert Job.objects.get(kind="metadata", subject="unannounced").state == "done"


def test_arxivs_words_change_neither_texts_nor_export(arxiv: FakeArxiv, old: Path, tmp_path: Path) -> None:
    manage("import_jekyll", str(old))
    before = list(Summary.objects.order_by("pk").values())
    manage("fetch", "--day", f"{WED}")
    assert list(Summary.objects.filter(public__isnull=False).order_by("pk").values()) == before
    assert not Job.objects.filter(kind="translate", subject=name(LONG_AGO, 1)).exists()
    manage("export_jekyll", str(tmp_path / "new"))
    for path in old.iterdir():
        assert (tmp_path / "new" / path.name).read_bytes() == path.read_bytes()


def test_a_later_version_is_not_said_to_have_a_text_that_waits(
    arxiv: FakeArxiv, old: Path, client: Client
) -> None:
    one = arxiv.world.papers[name(LONG_AGO, 1)]
    next_version(one, dt.date(2025, 11, 18))
    manage("import_jekyll", str(old))
    manage("fetch", "--day", f"{WED}")
    assert stored(one.arxiv_id).version == 2
    page = client.get(f"/papers/{one.arxiv_id}/").content.decode()
    assert "新的译文正在审校" not in page and "机器翻译，未经审校" in page
    Paper.objects.filter(version=2).update(
        versions=[{"version": 1, "title": "T", "abstract": "Other words."}]
    )
    Generation.bump()
    assert "新的译文正在审校" in client.get(f"/papers/{one.arxiv_id}/").content.decode()


def test_a_hundred_papers_are_asked_for_in_one_call_and_only_once(
    arxiv: FakeArxiv, tmp_path: Path, settings: Any
) -> None:
    papers = [paper(number, LONG_AGO) for number in range(1, 251)]
    (tmp_path / f"{LONG_AGO:%F}-arxiv.md").write_text(old_post(LONG_AGO, papers), encoding="utf-8")
    with serve(settings, papers) as server:
        manage("import_jekyll", str(tmp_path))
        assert not targets(server)  # an import itself asks nobody
        manage("fetch", "--day", f"{WED}")
        assert len([one for one in targets(server, "/api") if "id_list=2510" in one]) == 3
        manage("fetch", "--day", f"{WED}")
        assert len([one for one in targets(server, "/api") if "id_list=2510" in one]) == 3
    assert not Paper.objects.filter(fetched_at=None).exists()


def test_an_id_that_arxiv_does_not_know_is_named_and_holds_nothing_up(arxiv: FakeArxiv, old: Path) -> None:
    unknown = paper(999, LONG_AGO)
    text = old_post(LONG_AGO, [*papers_of(LONG_AGO)[:1], unknown])
    (old / f"{LONG_AGO:%F}-arxiv.md").write_text(text, encoding="utf-8")
    manage("import_jekyll", str(old))
    manage("fetch", "--day", f"{WED}")
    job = Job.objects.get(kind="metadata", subject="unannounced")
    assert (job.state, job.error_class) == ("waiting", "missing")
    assert unknown.arxiv_id in job.reason and name(TUE, 1) not in job.reason
    assert stored(name(LONG_AGO, 1)).licence == CC_BY
    for _ in range(8):
        manage("fetch", "--day", f"{WED}")
    job.refresh_from_db()
    assert job.state == "dead"


# What the old site failed at


@pytest.mark.parametrize("words", [("summarize", "--day", f"{TUE}"), ("daily", "--day", f"{WED}")])
def test_a_step_that_failed_at_the_old_site_is_done_by_the_pipeline(
    arxiv: FakeArxiv, model: FakeModel, old: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    manage("import_jekyll", str(old))
    assert Job.objects.get(kind="fulltext").subject == name(TUE, 1)
    manage(*words)
    summary = Summary.objects.get(paper__arxiv_id=name(TUE, 1))
    states = dict(Job.objects.filter(subject=name(TUE, 1)).values_list("kind", "state"))
    assert states == {"fulltext": "done", "analyse": "done"}
    assert (summary.status, summary.public.reading, summary.current.abstract) == (
        "needs_review",
        "",
        "旧站的中文摘要。",
    )
    assert summary.current.reading
    summary.approve(chief())
    manage("export_jekyll", str(tmp_path / "new"))
    text = (tmp_path / "new" / f"{TUE:%F}-arxiv.md").read_text(encoding="utf-8")
    assert "解读失败" not in text and summary.current.reading in text


def test_a_text_that_people_have_edited_meanwhile_only_gains_the_reading(
    arxiv: FakeArxiv, model: FakeModel, old: Path
) -> None:
    manage("import_jekyll", str(old))
    summary = Summary.objects.get(paper__arxiv_id=name(TUE, 1))
    summary.edit(make_editor(), summary.current, title="人写的", abstract="人写的摘要。", reading="")
    manage("summarize", "--day", f"{TUE}")
    summary.refresh_from_db()
    assert (summary.current.title, summary.current.abstract) == ("人写的", "人写的摘要。")
    assert summary.current.reading


# What the old site never had


def test_the_ledger_names_what_the_old_site_never_had(arxiv: FakeArxiv, old: Path) -> None:
    manage("import_jekyll", str(old))
    (long_ago,) = books("--day", f"{LONG_AGO}")  # from the archive
    (tuesday,) = books("--day", f"{TUE}")  # from a catch-up page
    for book, day in ((long_ago, LONG_AGO), (tuesday, TUE)):
        assert book["never_had"] == [name(day, 2), name(day, 3)]
        assert (book["announced"], book["stored"], book["shown"]) == (3, 3, 1)
    assert books("--day", f"{WED}")[0]["never_had"] == []  # the old site had ended
    assert f"旧站没有的 2 篇：{name(TUE, 2)}、{name(TUE, 3)}" in manage("fetch", "--day", f"{TUE}")[1]


def test_a_whole_span_is_listed_by_one_command_and_made_up_for_by_day(
    arxiv: FakeArxiv, model: FakeModel, old: Path
) -> None:
    manage("import_jekyll", str(old))
    found = books("--since", f"{LONG_AGO}", "--until", f"{TUE}")
    lacking = {book["date"]: len(book["never_had"]) for book in found if book["never_had"]}
    assert lacking == {f"{LONG_AGO}": 2, f"{TUE}": 2}
    assert manage("summarize", "--day", f"{LONG_AGO}")[0] == 0
    states = dict(Summary.objects.values_list("paper__arxiv_id", "status"))
    assert [states[name(LONG_AGO, n)] for n in (1, 2, 3)] == ["needs_review"] * 3
    assert [states[name(TUE, n)] for n in (2, 3)] == ["waiting"] * 2
    for number in (2, 3):
        Summary.objects.get(paper__arxiv_id=name(LONG_AGO, number)).approve(chief())
    post = DailyPost.objects.get(date=LONG_AGO)
    shown = Entry.objects.public().filter(post=post).values_list("paper__arxiv_id", flat=True)
    assert set(shown) == {name(LONG_AGO, n) for n in (1, 2, 3)}
    assert post.fetched == 3


def test_the_calendar_says_what_the_old_site_never_had(arxiv: FakeArxiv, old: Path, client: Client) -> None:
    manage("import_jekyll", str(old))
    manage("fetch", "--day", f"{TUE}")
    client.force_login(chief())
    page = client.get(f"/admin/posts/dailypost/calendar/{speech().slug}/{TUE:%F}/").content.decode()
    assert f"2 篇：{name(TUE, 2)}、{name(TUE, 3)}" in page
