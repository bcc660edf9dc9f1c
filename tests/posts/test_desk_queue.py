"""The queue: its order, its filters, who has what open, bulk approval; and the number of queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from digest_site import clock
from papers.models import Job, LLMCall, ReviewEvent, Sitting, Summary
from posts.admin import line
from posts.admin.queue import Queue
from posts.models import Report
from tests import base
from tests.posts import office

pytestmark = pytest.mark.django_db

NEXT_DAY = base.DAY + dt.timedelta(days=1)


def listed(client, **params):
    """The texts of the list in its order."""
    return list(client.get(office.queue(**params)).context["cl"].result_list)


def approve_all(client, *texts, **change):
    data = {"action": "approve_clean", "_selected_action": [text.pk for text in texts]}
    data |= {f"seen-{text.pk}": text.current_id for text in texts} | change
    return client.post(office.queue(), data, follow=True).content.decode()


def test_blocking_findings_come_first_then_reports_then_the_newest_day_and_its_categories():
    old, new_eess, new_sd = (
        office.text(paper=base.make_paper(categories=[code])) for code in ("cs.SD", "eess.AS", "cs.SD")
    )
    reported, blocked = office.text(), office.text()
    office.day_of(old, reported, blocked)
    office.day_of(new_eess, new_sd, date=NEXT_DAY)
    Report.objects.create(paper=reported.paper, message="数字不对")
    office.finding(blocked)
    order = [blocked, reported, new_sd, new_eess, old]
    assert listed(office.at_desk(office.editor())) == order
    assert line.Line(Queue({}))[:] == [text.pk for text in order]


def test_only_what_waits_for_people_is_listed_by_default():
    waiting = [office.text(status) for status in ("needs_review", "manual")]
    for status in ("waiting", "approved", "rejected"):
        office.text(status)
    client = office.at_desk(office.editor())
    assert {text.pk for text in listed(client)} == {text.pk for text in waiting}
    assert len(listed(client, state="all")) == 5


def test_a_public_text_with_an_open_report_waits_too_with_the_sentence():
    public = office.text("approved")
    Report.objects.create(paper=public.paper, sentence="词错误率降至4.2%。", message="这里错了")
    client = office.at_desk(office.editor())
    assert listed(client) == [public]
    assert "“词错误率降至4.2%。”" in client.get(office.queue()).content.decode()


def test_a_large_backlog_is_taken_in_the_order_of_storing(monkeypatch):
    monkeypatch.setattr(line, "BACKLOG", 2)
    texts = [office.text() for _ in range(4)]
    office.finding(texts[1])
    assert listed(office.at_desk(office.editor())) == [texts[1], texts[3], texts[2], texts[0]]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"state": "manual"}, {"manual"}),
        ({"day": "2026-01-29"}, {"later"}),
        ({"day": "2026-01-28", "digest": "speech"}, {"manual", "blocked", "edited"}),
        ({"digest": "vision"}, set()),
        ({"category": "cs.CL"}, {"later"}),
        ({"finding": "block"}, {"blocked"}),
        ({"finding": "clean"}, {"manual", "later", "edited"}),
        ({"check": "number_changed"}, {"blocked"}),
        ({"check": "url_missing"}, set()),
        ({"editor": "machine"}, {"manual", "later", "blocked"}),
        ({"q": "流式口音"}, {"manual", "blocked"}),
        ({"q": "Whisper wonders"}, {"later"}),
        ({"q": "nothing of the kind"}, set()),
        ({"day": "yesterday"}, set()),
        ({"editor": "0"}, set()),
        ({"finding": "nonsense"}, set()),
    ],
)
def test_the_filters_find_what_they_say(params, found):
    texts = {
        "manual": office.text("manual"),
        "blocked": office.text(),
        "edited": office.text(),
        "later": office.text(
            title="耳语",
            paper=base.make_paper(
                title="Whisper wonders", abstract="We listen.", categories=["cs.CL", "cs.SD"]
            ),
        ),
    }
    office.day_of(texts["manual"], texts["blocked"], texts["edited"])
    office.day_of(texts["later"], date=NEXT_DAY)
    office.finding(texts["blocked"])
    editor = office.editor()
    office.press(office.at_desk(editor), texts["edited"], title="改过了")
    names = {text.pk: name for name, text in texts.items()}
    client = office.at_desk(office.observer())
    assert {names[text.pk] for text in listed(client, **params)} == found


def test_one_finds_a_paper_by_its_number_in_any_form():
    summary = office.text(paper=base.make_paper("2601.12345"))
    office.text()
    client = office.at_desk(office.editor())
    for words in ("2601.12345", "arXiv:2601.12345v2", "https://arxiv.org/abs/2601.12345"):
        assert listed(client, q=words) == [summary]


def test_the_editor_filter_finds_who_wrote_and_who_approved():
    editor, chief = office.editor(), office.chief()
    written, approved = office.text(), office.text()
    office.press(office.at_desk(editor), written, title="甲")
    office.press(office.at_desk(chief), approved, "approve")
    client = office.at_desk(chief)
    assert listed(client, editor=editor.pk, state="all") == [written]
    assert listed(client, editor=chief.pk, state="all") == [approved]


def test_a_text_somebody_has_open_says_so():
    summary = office.text()
    office.at_desk(office.editor("李四")).get(office.desk(summary))
    other = office.at_desk(office.editor("孙七"))
    assert "李四 正开着" in other.get(office.queue()).content.decode()
    assert "李四 也正开着" in other.get(office.desk(summary)).content.decode()


def test_who_left_is_not_there_any_more():
    summary = office.text()
    office.at_desk(office.editor("李四")).get(office.desk(summary))
    Sitting.objects.update(seen_at=clock.machine_now() - dt.timedelta(minutes=2))
    assert "正开着" not in office.at_desk(office.editor("孙七")).get(office.queue()).content.decode()


def test_leaving_the_page_is_told_at_once():
    summary = office.text()
    client = office.at_desk(office.editor())
    client.get(office.desk(summary))
    client.post(reverse("admin:papers_summary_sit", args=[summary.pk]), {"leaving": "1"})
    assert not Sitting.objects.present().exists()


def test_the_next_text_is_not_one_that_somebody_else_has_open():
    first, second, third = office.text(), office.text(), office.text()
    office.at_desk(office.editor("李四")).get(office.desk(second))
    client = office.at_desk(office.editor("孙七"))
    assert office.press(client, first, "approve").url == office.desk(third)


def test_bulk_approval_takes_clean_texts_only_and_says_why_not():
    clean, blocked, reported, opened, manual = (
        office.text(), office.text(), office.text(), office.text(), office.text("manual"),
    )  # fmt: skip
    office.finding(blocked, "warning")
    Report.objects.create(paper=reported.paper, message="？")
    office.at_desk(office.editor("李四")).get(office.desk(opened))
    page = approve_all(office.at_desk(office.chief()), clean, blocked, reported, opened, manual)
    assert list(Summary.objects.filter(status="approved")) == [clean]
    assert "已通过 1 篇" in page
    for reason in ("有检查结果 1", "有读者报错 1", "有人正开着 1", "不在待审状态 1"):
        assert reason in page


def test_bulk_approval_passes_by_a_text_that_changed_after_it_was_listed():
    summary = office.text()
    seen = summary.current_id
    office.press(office.at_desk(office.editor()), summary, title="新的")
    Sitting.objects.all().delete()
    page = approve_all(office.at_desk(office.chief()), summary, **{f"seen-{summary.pk}": seen})
    assert "列出之后有了新文字 1" in page
    assert not Summary.objects.filter(status="approved").exists()


def test_bulk_approval_writes_a_log_row_for_each():
    texts = [office.text() for _ in range(3)]
    chief = office.chief()
    approve_all(office.at_desk(chief), *texts)
    assert ReviewEvent.objects.filter(verb="approve", by=chief).count() == 3


def test_an_observer_has_no_bulk_approval():
    summary = office.text()
    client = office.at_desk(office.observer())
    assert "approve_clean" not in client.get(office.queue()).content.decode()
    approve_all(client, summary)
    summary.refresh_from_db()
    assert summary.status == "needs_review"


def test_todays_digest_tells_its_progress_and_cost():
    texts = [office.text(), office.text("approved"), office.text("waiting"), office.text("waiting")]
    office.day_of(*texts)
    Job.objects.create(kind="translate", subject=texts[3].paper.arxiv_id, state="dead")
    LLMCall.objects.create(
        key="k", paper=texts[0].paper, purpose="translate", model="m", prompt_version="1", price="0.31",
        opened_at=base.NOON,
    )  # fmt: skip
    page = office.at_desk(office.chief()).get(office.queue()).content.decode()
    assert "2 / 4 已译，1 失败，1 通过，约 0.31 元" in page
    assert "发布…" in page


def test_only_who_may_publish_sees_the_button():
    office.day_of(office.text())
    assert "发布…" not in office.at_desk(office.editor()).get(office.queue()).content.decode()


def test_the_list_asks_the_database_the_same_number_of_times_for_any_length():
    client = office.at_desk(office.chief())
    office.day_of(*[office.text() for _ in range(2)])

    def asked():
        client.get(office.queue())
        with CaptureQueriesContext(connection) as queries:
            client.get(office.queue())
            return len(queries)

    few = asked()
    office.day_of(*[office.text() for _ in range(20)], date=NEXT_DAY)
    assert 5 < few < 30
    assert asked() == few


def test_starting_leads_to_the_first_of_the_queue():
    office.text()
    blocked = office.text()
    office.finding(blocked)
    client = office.at_desk(office.editor())
    response = client.get(reverse("admin:papers_summary_next"))
    assert response.url == office.desk(blocked)
    assert "第 1 / 2 篇" in client.get(response.url).content.decode()


def test_an_empty_queue_says_so():
    client = office.at_desk(office.editor())
    response = client.get(reverse("admin:papers_summary_next"), follow=True)
    assert "没有下一篇" in response.content.decode()
