"""The old site in our tables and out again: merging, editing, failures, and who may see what."""

import datetime as dt
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings

from papers import jobs
from papers.models import Correction, Job, Paper, ReviewEvent, Revision, Summary
from posts import jekyll
from posts.jekyll import OldPost
from posts.models import DailyPost, Digest, Entry
from posts.old_site import export_files, files_in, import_files
from tests.base import chief, make_digest, make_editor, make_public_paper, speech
from tests.posts import office
from tests.posts.test_jekyll import POST, SEEDS, needs_seeds, posts

pytestmark = pytest.mark.django_db

FIRST, SECOND = "2601.19786", "2601.19781"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An old site of one post."""
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "2026-01-28-arxiv.md").write_text(POST, encoding="utf-8")
    return folder


def take(folder: Path) -> str:
    """Import, and say what was new, changed and kept."""
    done = import_files(speech(), files_in(folder))
    assert not done.malformed
    return f"{done.fresh} {done.changed} {len(done.kept)}"


def given_out(folder: Path, name: str = "2026-01-28-arxiv.md") -> str:
    export_files([speech()], folder)
    return (folder / name).read_text(encoding="utf-8")


def summary_of(arxiv_id: str) -> Summary:
    return Summary.objects.get(paper__arxiv_id=arxiv_id)


def changed_lines(one: str, other: str) -> list[tuple[str, str]]:
    return [pair for pair in zip(one.split("\n"), other.split("\n"), strict=True) if pair[0] != pair[1]]


def test_a_post_becomes_a_published_day_of_marked_texts(old: Path, client: Client) -> None:
    assert take(old) == "2 0 0"
    post = DailyPost.objects.get()
    assert (post.digest.slug, post.date, post.status) == ("speech", dt.date(2026, 1, 28), "published")
    assert post.published_at == post.window_end == dt.datetime(2026, 1, 28, 0, 50, tzinfo=dt.UTC)
    assert (post.fetched, sorted(tag.name for tag in post.tags.all())) == (3, ["arxiv", "cs.SD", "eess.AS"])
    summary = summary_of(FIRST)
    assert (summary.status, summary.is_reviewed, summary.public_id) == (
        "needs_review",
        False,
        summary.current_id,
    )
    assert summary.paper.categories == ["eess.AS"]  # I.2.7 is a class of the ACM, no category of arXiv's
    page = client.get(f"/papers/{FIRST}/").content.decode()
    assert "机器翻译，未经审校" in page and "第二段。" in page
    assert "&lt;think&gt;" in page
    day = client.get("/d/speech/2026/01/28/").content.decode()
    assert "arXiv 公布 3 · 本页 2" in day and "解读失败" not in day


def test_the_move_of_every_text_and_day_is_on_record(old: Path) -> None:
    take(old)
    assert sorted(ReviewEvent.objects.values_list("verb", "old", "new")) == [
        ("import", "draft", "published"),
        *[("imported", "waiting", "needs_review")] * 2,
    ]


def test_an_unedited_post_is_exported_to_the_byte(old: Path, tmp_path: Path) -> None:
    take(old)
    assert given_out(tmp_path / "new") == POST


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://", "http://"),
        ("v1)\n- **PDF**", "v1)  |  **PDF**"),
        ("## Second\n", "## Second\n  and its second line\n"),
        ("（CST，北京时间）", "（UTC±）"),
        ("（锚点 08:50 CST）：2026-01-27 08:50 — 2026-01-28 08:50", "：最近 26 小时"),
        ("本页显示：2 篇", "本页显示：1 篇"),
        ("tags: [arxiv, cs.SD, eess.AS]", "tags: [eess.AS, Extra, arxiv]"),
        ("\n", "\r\n"),
    ],
)
def test_older_layouts_survive_the_tables(old: Path, tmp_path: Path, before: str, after: str) -> None:
    text = POST.replace(before, after)
    (old / "2026-01-28-arxiv.md").write_bytes(text.encode())
    take(old)
    export_files([speech()], tmp_path / "new")
    assert (tmp_path / "new" / "2026-01-28-arxiv.md").read_bytes() == text.encode()


@needs_seeds
def test_all_seed_posts_come_out_of_the_tables_as_they_went_in(tmp_path: Path) -> None:
    done = import_files(speech(), files_in(SEEDS))
    assert (done.posts, done.malformed, Job.objects.filter(kind="fulltext").count()) == (40, [], 17)
    export_files([speech()], tmp_path)
    for path in files_in(SEEDS):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


class Undo(Exception):
    """Ends a transaction without a trace."""


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(posts(most=2))
def test_random_posts_come_out_of_the_tables_as_they_went_in(tmp_path: Path, post: OldPost) -> None:
    """Whatever the reader takes, the tables and the layout beside them keep, and a second import changes nothing."""
    path = tmp_path / f"{post.date:%F}-arxiv.md"
    path.write_bytes(jekyll.write(post).encode())
    with suppress(Undo), transaction.atomic():
        done = import_files(speech(), [path])
        assert (done.malformed, done.fresh) == ([], len(post.entries))
        export_files([speech()], tmp_path / "out")
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()
        again = import_files(speech(), [path])
        assert (again.fresh, again.changed, again.failed_steps, again.kept) == (0, 0, 0, [])
        raise Undo


@needs_seeds
def test_the_seeds_history_merges_and_its_conflicted_post_is_reported(tmp_path: Path) -> None:
    done = import_files(speech(), files_in(SEEDS / "history"))
    assert [(path.name, line) for path, line, _ in done.malformed] == [("2025-10-16-arxiv.76951bf.md", 11)]
    assert done.posts == 6
    import_files(speech(), files_in(SEEDS))
    later = DailyPost.objects.get(date=dt.date(2026, 1, 28))
    ids = list(later.entries.public().order_by("position").values_list("paper__arxiv_id", flat=True))
    assert (len(ids), ids[-1]) == (21, "2601.19063")  # in the first run, dropped by the cap in the second


# Importing again


def test_importing_twice_is_importing_once(old: Path) -> None:
    take(old)
    before = list(Revision.objects.values()), list(Entry.objects.values()), list(DailyPost.objects.values())
    assert take(old) == "0 0 0"
    assert before == (
        list(Revision.objects.values()),
        list(Entry.objects.values()),
        list(DailyPost.objects.values()),
    )


def later_version(old: Path) -> str:
    """A rerun of the same morning: the first paper's text is another, the second one is gone, a third is there."""
    start = POST.index("## Second")
    third = POST[start:].replace("Second", "Third").replace(SECOND, "2601.19999").replace("只有", "新的")
    text = POST[:start].replace("第二段", "改过的第二段") + third
    (old / "2026-01-28-arxiv.md").write_text(text, encoding="utf-8")
    return text


def test_a_later_version_merges_and_a_paper_once_public_stays(
    old: Path, tmp_path: Path, client: Client
) -> None:
    take(old)
    later_version(old)
    assert take(old) == "1 1 0"
    ids = Entry.objects.public().order_by("position").values_list("paper__arxiv_id", flat=True)
    assert list(ids) == [FIRST, "2601.19999", SECOND]
    assert client.get(f"/papers/{SECOND}/").status_code == 200
    assert "改过的第二段" in client.get(f"/papers/{FIRST}/").content.decode()
    assert [correction.what for correction in Correction.objects.all()] == ["修改摘要"]
    text = given_out(tmp_path / "new")
    assert text.count("\n## ") == 5 and "本页显示：3 篇" in text


def test_an_older_version_after_a_later_one_changes_nothing(old: Path) -> None:
    take(old)
    later_version(old)
    take(old)
    before = list(Entry.objects.values()), list(Summary.objects.values())
    (old / "2026-01-28-arxiv.md").write_text(POST, encoding="utf-8")
    assert take(old) == "0 0 0"
    assert before == (list(Entry.objects.values()), list(Summary.objects.values()))


def test_a_rerun_that_failed_takes_no_reading_away(old: Path) -> None:
    take(old)
    reading = POST[POST.index("## 1) 背景") : POST.index("\n</div>")]
    text = POST.replace(reading, "（全文解读失败：超时）")
    (old / "2026-01-28-arxiv.md").write_text(text, encoding="utf-8")
    assert take(old) == "0 0 0"
    assert summary_of(FIRST).public.reading.startswith("## 1) 背景")


def test_what_people_have_edited_is_never_touched(old: Path) -> None:
    take(old)
    summary = summary_of(FIRST)
    summary.edit(make_editor(), summary.current, title="人写的", abstract="人写的摘要。", reading="")
    later_version(old)
    assert take(old) == "1 0 1"
    again = summary_of(FIRST)
    assert (again.current.title, again.public.abstract) == ("人写的", summary.public.abstract)


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_what_people_have_decided_is_never_touched(old: Path, verb: str) -> None:
    take(old)
    getattr(summary_of(FIRST), verb)(chief())
    before = Summary.objects.filter(paper__arxiv_id=FIRST).values().get()
    later_version(old)
    assert take(old) == "1 0 1"
    assert Summary.objects.filter(paper__arxiv_id=FIRST).values().get() == before


def test_a_day_that_a_person_withdrew_stays_withdrawn(old: Path, tmp_path: Path) -> None:
    take(old)
    given_out(tmp_path / "new")
    DailyPost.objects.get().withdraw(chief(), "撤")
    later_version(old)
    take(old)
    assert DailyPost.objects.get().status == "withdrawn"
    export_files([speech()], tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_rejected_paper_does_not_come_back_through_an_import(old: Path) -> None:
    paper = Paper(arxiv_id=FIRST, title="T", authors=[], categories=["cs.SD"])
    Paper.objects.upsert([paper])
    summary = Summary.objects.create(paper=Paper.objects.get())
    summary.reject(chief())
    assert take(old) == "1 0 1"
    assert summary_of(FIRST).public is None


# Editing and exporting


def test_editing_one_title_changes_exactly_that_line(old: Path, tmp_path: Path) -> None:
    take(old)
    Paper.objects.filter(arxiv_id=SECOND).update(title="A Better Second")
    assert changed_lines(POST, given_out(tmp_path / "new")) == [("## Second", "## A Better Second")]


def test_a_title_given_at_the_desk_changes_exactly_that_line(old: Path, tmp_path: Path) -> None:
    take(old)
    summary = summary_of(SECOND)
    text = summary.current.text | {"title": "第二篇"}
    summary.approve(chief(), summary.edit(make_editor(), summary.current, **text))
    assert changed_lines(POST, given_out(tmp_path / "new")) == [("## Second", "## 第二篇")]


@needs_seeds
def test_a_title_typed_in_the_admin_changes_exactly_that_line_of_a_real_post(tmp_path: Path) -> None:
    """Through the desk's form as a browser sends it, with all the white space that the old texts have."""
    paths = [SEEDS / f"{day}-arxiv.md" for day in ("2025-10-16", "2026-07-31")]
    import_files(speech(), paths)
    desk = office.at_desk(office.chief())
    for path in paths:
        before = path.read_text(encoding="utf-8")
        for entry in DailyPost.objects.get(date=path.name[:10]).entries.select_related("paper__summary"):
            summary = entry.paper.summary
            old_title = summary.public.title
            text = {name: value.replace("\n", "\r\n") for name, value in summary.public.text.items()}
            office.press(desk, summary, "approve", **text | {"title": "新的题目"}, despite="1")
            after = given_out(tmp_path / "new", path.name)
            assert changed_lines(before, after) == [(f"## {old_title}", "## 新的题目")]
            before = after


def test_what_arxiv_says_later_does_not_rewrite_an_old_post(old: Path, tmp_path: Path) -> None:
    take(old)
    Paper.objects.filter(arxiv_id=SECOND).update(
        version=3, title="Renamed in v3", authors=["Cy", "Dee"], categories=["cs.SD", "cs.LG"],
        abstract="English.", fetched_at=dt.datetime(2026, 9, 1, tzinfo=dt.UTC),
    )  # fmt: skip
    assert given_out(tmp_path / "new") == POST


def test_arxivs_other_spelling_of_the_same_title_is_no_edit(old: Path, tmp_path: Path) -> None:
    take(old)
    Paper.objects.filter(arxiv_id=FIRST).update(
        title='tokens for $\\alpha$-accents: "A" &  B', fetched_at=dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
    )
    assert given_out(tmp_path / "new") == POST


def test_a_post_made_here_has_the_same_layout_and_comes_back_whole(tmp_path: Path) -> None:
    make_public_paper(FIRST)
    text = given_out(tmp_path / "new")
    assert f"- **arXiv**: [https://arxiv.org/abs/{FIRST}v1](https://arxiv.org/abs/{FIRST}v1)\n" in text
    assert (
        "\n## Streaming Accent Conversion with $k$ Codebooks\n- **Authors**: Ada Example, Bo Sample\n" in text
    )
    assert "\n\n**中文标题**：含 $k$ 个码本的流式口音转换\n\n我们在人说话" in text
    other = Digest.objects.create(slug="other", title="别处", categories=["cs.SD"])
    assert import_files(other, files_in(tmp_path / "new")).malformed == []
    export_files([other], tmp_path / "again")
    assert (tmp_path / "again" / "2026-01-28-arxiv.md").read_text(encoding="utf-8") == text


def test_a_post_made_here_has_front_matter_that_yaml_and_jekyll_read(tmp_path: Path) -> None:
    paper = make_public_paper(FIRST, title="Braces \\frac{{a}}{b}: #1 [x]")
    post = DailyPost.objects.get()
    odd = ["C++: a # b", '逗号, 引号"', "[括号]", "true", "2026", "语音 合成"]
    post.tags.set(["arxiv", "cs.SD", *odd])
    lines = given_out(tmp_path / "new").split("\n")
    front = dict(line.split(": ", 1) for line in lines[1 : lines.index("---", 1)])
    assert (front["layout"], front["title"]) == ("post", '"arXiv Daily – 2026-01-28"')
    assert front["render_with_liquid"] == "false"  # or Jekyll takes {{a}} for a template's
    assert front["tags"] == (
        '[arxiv, cs.SD, "2026", "[括号]", "C++: a # b", "true", 语音 合成, "逗号, 引号\\""]'
    )
    other = Digest.objects.create(slug="other", title="别处", categories=["cs.SD"])
    assert import_files(other, files_in(tmp_path / "new")).malformed == []
    assert set(other.posts.get().tags.names()) == {"arxiv", "cs.SD", *odd}
    assert paper.entries.count() == 2


def test_nothing_is_exported_that_the_public_does_not_see(tmp_path: Path) -> None:
    make_public_paper(FIRST)
    summary_of(FIRST).withdraw(chief(), "撤")
    assert FIRST not in given_out(tmp_path / "new")


def test_two_digests_have_files_of_their_own(tmp_path: Path, old: Path) -> None:
    other = make_digest()
    import_files(speech(), files_in(old))
    (old / "2026-01-28-arxiv.md").write_text(
        POST.replace("2601.197", "2602.197").replace("2601-", ""), encoding="utf-8"
    )
    import_files(other, files_in(old))
    export_files(Digest.objects.all(), tmp_path / "new")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["2026-01-28-arxiv.md", "2026-01-28-vision.md"]


# Failed steps


def test_a_failed_reading_becomes_a_step_that_the_next_run_may_complete(old: Path, tmp_path: Path) -> None:
    take(old)
    job = Job.objects.get(kind="fulltext")
    assert (job.kind, job.subject, job.state, job.error_class) == ("fulltext", SECOND, "waiting", "missing")
    assert "404 Client Error" in job.reason
    assert [found.pk for found in jobs.claim(["fulltext"])] == [job.pk]
    take(old)
    assert Job.objects.filter(kind="fulltext").count() == 1


@pytest.mark.parametrize(
    "note",
    [
        "（全文解读失败：404 Client Error）",
        "（全文解读失败：超时\n\n第二行）",
        "(全文解读失败: timeout)",
        "  （全文解读失败：空格） ",
        "（无可用全文）",
        "（全文解读失败：没有右括号",
        "",
        "  ",
    ],
)
def test_whatever_stands_for_a_failure_is_a_step_and_no_text(old: Path, tmp_path: Path, note: str) -> None:
    start = POST.index("（全文解读失败")
    text = POST.replace(POST[start : POST.index("\n</div>", start)], note)
    (old / "2026-01-28-arxiv.md").write_text(text, encoding="utf-8")
    take(old)
    assert Job.objects.get(kind="fulltext").subject == SECOND
    assert summary_of(SECOND).public.reading == ""
    assert given_out(tmp_path / "new") == text


def test_an_old_entry_without_a_place_for_a_reading_failed_at_nothing(old: Path) -> None:
    (old / "2026-01-28-arxiv.md").write_text(
        POST[: POST.rindex("\n\n<details>")] + "\n\n---\n", encoding="utf-8"
    )
    take(old)
    assert not Job.objects.filter(kind="fulltext").exists()


def test_a_later_version_that_has_the_reading_settles_the_step(old: Path) -> None:
    take(old)
    start = POST.index("（全文解读失败")
    text = POST.replace(POST[start : POST.index("\n</div>", start)], "1) 后来写出的解读")
    (old / "2026-01-28-arxiv.md").write_text(text, encoding="utf-8")
    assert take(old) == "0 1 0"
    assert summary_of(SECOND).public.reading == "1) 后来写出的解读"
    assert Job.objects.get(kind="fulltext").state == "done"


def test_a_reading_made_here_takes_the_place_of_the_failure(old: Path, tmp_path: Path) -> None:
    take(old)
    summary = summary_of(SECOND)
    text = summary.current.text | {"reading": "1) 读出来了"}
    summary.approve(chief(), summary.edit(make_editor(), summary.current, **text))
    assert given_out(tmp_path / "new") == POST.replace(
        POST[POST.index("（全文解读失败") : POST.index("\n</div>", POST.index("（全文解读失败"))],
        "1) 读出来了",
    )


def test_arxiv_is_asked_for_what_the_posts_lack(old: Path) -> None:
    take(old)
    job = Job.objects.get(kind="metadata")
    assert (job.subject, job.state) == ("unannounced", "queued")
    assert Paper.objects.filter(fetched_at=None).count() == 2


# The commands


def test_a_malformed_post_is_reported_by_file_and_line_and_the_rest_goes_in(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (old / "2026-01-29-arxiv.md").write_text(POST, encoding="utf-8")
    (old / "2026-01-30-arxiv.md").write_bytes(b"---\nlayout: \xff\n")
    with pytest.raises(SystemExit) as caught:
        call_command("import_jekyll", str(old))
    assert caught.value.code == 1
    printed = capsys.readouterr()
    assert f"{old / '2026-01-29-arxiv.md'}:7: " in printed.err
    assert f"{old / '2026-01-30-arxiv.md'}:2: 不是 UTF-8" in printed.err
    assert "posts=1 papers=2 new=2" in printed.out.strip().split("\n")[-1]


def test_a_whole_jekyll_site_may_be_named_instead_of_its_posts(tmp_path: Path, old: Path) -> None:
    (tmp_path / "site").mkdir()
    old.rename(tmp_path / "site" / "_posts")
    call_command("import_jekyll", str(tmp_path))
    assert Entry.objects.public().count() == 2


@pytest.mark.parametrize("words", [["nowhere"], [".", "--digest", "nobody"]])
def test_a_wrong_call_is_one_line_and_status_2(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("import_jekyll", str(tmp_path / words[0]), *words[1:])
    assert caught.value.returncode == 2


def test_an_export_touches_only_what_changed(old: Path, tmp_path: Path) -> None:
    take(old)
    assert export_files([speech()], tmp_path / "new") == (1, 1)
    assert export_files([speech()], tmp_path / "new") == (1, 0)
