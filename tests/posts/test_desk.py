"""The desk: one text, its buttons, and what they leave behind. Without scripts, as a plain form."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from papers.models import Finding, Job, ReviewEvent, Sitting, Summary, Term
from posts.models import Report
from tests import base
from tests.posts import office

pytestmark = pytest.mark.django_db


def verbs(summary):
    return list(ReviewEvent.of(summary).values_list("verb", flat=True))


def test_the_desk_shows_both_texts_sentence_by_sentence():
    client = office.at_desk(office.editor())
    page = client.get(office.desk(office.text())).content.decode()
    assert "We convert accents while people speak." in page
    assert 'data-row="1"' in page
    assert "4.2%" in page


def test_formulae_are_shown_as_readers_will_see_them():
    summary = office.text(abstract=office.CHINESE + "代价是$O(n^2)$。")
    page = office.at_desk(office.editor()).get(office.desk(summary)).content.decode()
    assert "<math" in page


def test_hostile_text_stays_text():
    paper = base.make_paper(
        title="<script>alert(1)</script>", abstract="<img src=x onerror=alert(2)> We speak."
    )
    summary = office.text(
        paper=paper, title="</textarea><script>alert(3)</script>", reading="<script>alert(4)</script>"
    )
    page = office.at_desk(office.editor()).get(office.desk(summary)).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_saving_makes_a_revision_of_the_editor_and_keeps_the_machines():
    editor, summary = office.editor(), office.text()
    machine = summary.current
    response = office.press(office.at_desk(editor), summary, title="更好的标题")
    summary.refresh_from_db()
    assert response.status_code == 302
    assert summary.current.title == "更好的标题"
    assert summary.current.author == editor
    assert summary.current.base == machine
    assert summary.status == "needs_review"


def test_line_ends_of_the_browser_are_no_change():
    summary = office.text(reading="### 1. 背景\n- 甲\n\n### 2. 方法\n- 乙")
    before = summary.current_id
    office.press(
        office.at_desk(office.editor()),
        summary,
        reading=summary.current.reading.replace("\n", "\r\n") + "\r\n",
    )
    summary.refresh_from_db()
    assert summary.current_id == before


def test_invisible_characters_are_taken_out_of_what_is_typed():
    summary = office.text()
    office.press(office.at_desk(office.editor()), summary, title="标\u202e题\x00一")
    summary.refresh_from_db()
    assert summary.current.title == "标题一"


def test_what_the_editor_changed_is_marked_against_the_machines_text():
    editor, summary = office.editor(), office.text(title="流式口音的转换")
    client = office.at_desk(editor)
    office.press(client, summary, title="流式口音转换")
    assert "流式口音<del>的</del>转换" in client.get(office.desk(summary)).content.decode()


def test_approving_makes_exactly_the_typed_text_public():
    editor, summary = office.editor(), office.text()
    office.press(office.at_desk(editor), summary, "approve", title="定稿")
    summary.refresh_from_db()
    assert summary.status == "approved"
    assert summary.public.title == "定稿"
    assert summary.reviewed_by == editor
    assert verbs(summary) == ["approve", "translated"]


def test_approving_goes_to_the_next_text():
    first, second = office.text(), office.text()
    response = office.press(office.at_desk(office.editor()), first, "approve")
    assert response.url == office.desk(second)


def test_skipping_goes_on_and_does_not_come_back_before_the_others():
    texts = [office.text() for _ in range(3)]
    client = office.at_desk(office.editor())
    address, seen = office.desk(texts[0]), []
    for _ in range(2):
        address = client.post(address, {"verb": "skip"}).url
        seen.append(address)
    assert seen == [office.desk(texts[1]), office.desk(texts[2])]
    assert client.post(address, {"verb": "skip"}).url.startswith(office.queue())


def test_the_place_in_the_queue_counts_on():
    texts = [office.text() for _ in range(3)]
    client = office.at_desk(office.editor())
    assert "第 1 / 3 篇" in client.get(office.desk(texts[2])).content.decode()
    following = office.press(client, texts[2], "approve").url
    assert "第 2 / 3 篇" in client.get(following).content.decode()


def test_the_filters_of_the_list_go_along():
    early = office.day_of(one := office.text(), two := office.text(), date=base.DAY)
    office.day_of(office.text(), date=base.DAY.replace(day=29))
    client = office.at_desk(office.editor())
    filters = f"day={early.date:%Y-%m-%d}"
    address = f"{office.desk(two)}?_changelist_filters={filters.replace('=', '%3D')}"
    assert "第 1 / 2 篇" in client.get(address).content.decode()
    following = client.post(address, office.form(two, "approve")).url
    assert following == f"{office.desk(one)}?_changelist_filters={filters.replace('=', '%3D')}"


def test_a_blocking_finding_has_to_be_approved_twice():
    summary = office.text()
    office.finding(summary)
    client = office.at_desk(office.editor())
    response = office.press(client, summary, "approve")
    assert response.status_code == 409
    assert "还有严重的检查结果" in response.content.decode()
    summary.refresh_from_db()
    assert summary.status == "needs_review"
    office.press(client, summary, "approve", despite="1")
    summary.refresh_from_db()
    assert summary.status == "approved"


def test_words_typed_before_a_refused_approval_are_saved():
    wrong = office.CHINESE.replace("4.2%", "9.9%")
    summary = office.text()
    response = office.press(office.at_desk(office.editor()), summary, "approve", abstract=wrong)
    summary.refresh_from_db()
    assert summary.status == "needs_review"
    assert summary.worst == "block"
    assert summary.current.abstract == wrong
    assert "9.9%" in response.content.decode()


def test_sending_back_gives_the_model_the_instruction():
    summary = office.text()
    office.press(office.at_desk(office.editor()), summary, "send_back", note="术语“口音”请统一")
    summary.refresh_from_db()
    assert summary.status == "waiting"
    assert summary.instruction == "术语“口音”请统一"
    assert Job.objects.get(kind="translate", subject=summary.paper.arxiv_id).state == "queued"


def test_rejecting_keeps_the_reason_in_the_log():
    summary = office.text()
    office.press(office.at_desk(office.editor()), summary, "reject", note="与语音无关")
    assert ReviewEvent.of(summary).first().note == "与语音无关"
    summary.refresh_from_db()
    assert summary.status == "rejected"


def test_a_rejected_text_can_be_reopened():
    summary = office.text("rejected")
    client = office.at_desk(office.editor())
    assert 'value="approve"' not in client.get(office.desk(summary)).content.decode()
    office.press(client, summary, "reopen")
    summary.refresh_from_db()
    assert summary.status == "needs_review"


def test_a_paper_the_model_refused_is_translated_read_and_approved_by_hand():
    summary = Summary.objects.create(paper=base.make_paper(abstract=office.ENGLISH_LONG))
    summary.refused("content_filter：Content Exists Risk")
    written = {"title": "手写的标题", "abstract": office.CHINESE, "reading": "### 1. 背景\n手写。"}
    office.press(office.at_desk(office.editor()), summary, "approve", **written)
    summary.refresh_from_db()
    assert summary.status == "approved"
    assert summary.public.text == written
    assert verbs(summary) == ["approve", "edited", "refused"]


def test_a_site_without_any_model_works_by_hand():
    summary = Summary.objects.create(paper=base.make_paper(abstract=office.ENGLISH_LONG))
    post = office.day_of(summary)
    client = office.at_desk(office.chief())
    listed = client.get(office.queue(state="waiting")).content.decode()
    assert summary.paper.arxiv_id in listed
    office.press(client, summary, "approve", title="手写的标题", abstract=office.CHINESE)
    address = reverse("admin:posts_dailypost_publish", args=[post.pk])
    seal = client.get(address).context["plan"].seal
    client.post(address, {"seal": seal})
    assert post.entries.public().count() == 1
    assert verbs(summary) == ["approve", "edited", "take_over"]


def test_taking_over_and_approving_the_machines_words_as_they_stand():
    summary = office.text()
    client = office.at_desk(office.editor())
    office.press(client, summary, "take_over")
    office.press(client, summary, "approve")
    summary.refresh_from_db()
    assert summary.status == "approved"


def test_an_empty_text_cannot_be_approved():
    summary = Summary.objects.create(paper=base.make_paper())
    summary.refused("refusal：")
    response = office.press(office.at_desk(office.editor()), summary, "approve", title="只有标题")
    summary.refresh_from_db()
    assert response.status_code == 409
    assert summary.public is None
    assert "只有标题" in response.content.decode()


def test_editing_a_public_text_keeps_the_old_one_public_until_approved():
    summary = office.text("approved")
    old, client = summary.public, office.at_desk(office.editor())
    office.press(client, summary, title="修改后的标题")
    summary.refresh_from_db()
    assert (summary.status, summary.public) == ("needs_review", old)
    assert "旧文公开中" in client.get(office.desk(summary)).content.decode()
    office.press(client, summary, "approve")
    summary.refresh_from_db()
    assert summary.public.title == "修改后的标题"
    assert summary.corrections.get().what == "修改标题"


def test_a_finding_is_dismissed_once_and_for_all():
    paper = base.make_paper(abstract="The rate falls to 4.2% in all of our experiments with users.")
    summary = office.text(
        paper=paper,
        abstract="在我们与用户进行的全部实验之中，这一比率均降到了9.9%，并且结果前后一致，令人满意，值得继续研究下去，我们将公开代码。",
    )
    client = office.at_desk(office.editor())
    office.press(client, summary, title="新标题")
    summary.refresh_from_db()
    found = Finding.objects.filter(revision=summary.current_id, level="block").first()
    assert found is not None
    address = reverse("admin:papers_summary_dismiss", args=[summary.pk])
    assert client.post(address, {"fingerprint": found.fingerprint}).json() == {"dismissed": 1}
    summary.refresh_from_db()
    assert summary.worst != "block"
    office.press(client, summary, title="又一个标题")
    summary.refresh_from_db()
    assert summary.worst != "block"


def test_a_dismissal_is_taken_back():
    summary = office.text()
    row = office.finding(summary)
    client = office.at_desk(office.editor())
    client.post(reverse("admin:papers_summary_dismiss", args=[summary.pk]), {"fingerprint": row.fingerprint})
    assert (
        f'name="restore_one" value="{row.fingerprint}"' in client.get(office.desk(summary)).content.decode()
    )
    back = reverse("admin:papers_summary_restore", args=[summary.pk])
    assert client.post(back, {"fingerprint": row.fingerprint}).json() == {"restored": 1}
    summary.refresh_from_db()
    assert summary.worst == "block"


def test_without_scripts_a_dismissal_is_taken_back():
    summary = office.text()
    row = office.finding(summary)
    client = office.at_desk(office.editor())
    client.post(office.desk(summary), office.form(summary, dismiss_one=row.fingerprint))
    page = client.post(office.desk(summary), office.form(summary, restore_one=row.fingerprint), follow=True)
    assert "不再忽略" in page.content.decode()
    assert Finding.objects.get(pk=row.pk).dismissed_at is None


def test_without_scripts_a_fix_is_put_into_the_draft():
    summary = office.text(abstract=office.CHINESE.replace("4.2%", "9.9%"))
    start = summary.current.abstract.index("9.9")
    row = office.finding(summary, fix=[start, start + 3, "4.2"])
    client = office.at_desk(office.editor())
    response = client.post(
        office.desk(summary), office.form(summary, title="改过的标题", fix=row.fingerprint)
    )
    page = client.get(response.url).content.decode()
    assert "词错误率降至4.2%" in page
    assert "改过的标题" in page
    summary.refresh_from_db()
    assert "9.9" in summary.current.abstract


def test_without_scripts_a_dismissal_keeps_what_was_typed():
    summary = office.text()
    row = office.finding(summary, "warning")
    client = office.at_desk(office.editor())
    response = client.post(
        office.desk(summary), office.form(summary, title="改过的标题", dismiss_one=row.fingerprint)
    )
    assert "改过的标题" in client.get(response.url).content.decode()
    assert not Finding.objects.filter(pk=row.pk, dismissed_at=None).exists()


def test_a_term_is_added_from_the_desk_by_the_chief_only():
    summary = office.text()
    address = reverse("admin:papers_summary_term", args=[summary.pk])
    word = {"term_english": "streaming accent codec", "term_chinese": "流式口音编解码器"}
    assert office.at_desk(office.editor()).post(address, word).status_code == 403
    chief = office.at_desk(office.chief())
    assert chief.post(address, word).status_code == 200
    assert Term.objects.get(english="streaming accent codec").chinese == "流式口音编解码器"
    again = chief.post(address, word | {"term_english": "Streaming Accent Codec"})
    assert again.status_code == 400
    assert "术语表里已有" in again.json()["problem"]


def test_the_margin_lists_the_terms_of_this_text():
    Term.objects.update_or_create(english="accent", defaults={"chinese": "口音", "forbidden": ["腔调"]})
    page = office.at_desk(office.editor()).get(office.desk(office.text())).content.decode()
    assert "<b>口音</b>" in page
    assert "不用：腔调" in page


def test_the_live_look_checks_and_renders_without_storing():
    summary = office.text()
    client = office.at_desk(office.editor())
    typed = office.form(summary, abstract=office.CHINESE.replace("4.2%", "9.9%") + "用$x^2$。")
    answer = client.post(reverse("admin:papers_summary_look", args=[summary.pk]), typed).json()
    assert "<math" in answer["parts"]["abstract"]["html"]
    assert "<ins>" in answer["parts"]["abstract"]["diff"]
    assert "严重" in answer["findings"]
    summary.refresh_from_db()
    assert summary.revisions.count() == 1


@pytest.mark.parametrize("asked", ["look", "sit"])
def test_a_text_too_long_to_be_one_of_ours_is_said_to_be(asked):
    summary = office.text()
    client = office.at_desk(office.editor())
    typed = office.form(summary, abstract="长" * 200_001)
    answer = client.post(reverse(f"admin:papers_summary_{asked}", args=[summary.pk]), typed)
    assert answer.status_code == 413 and "至多 20 万字" in answer.json()["problem"]
    page = client.post(office.desk(summary), typed, follow=True).content.decode()
    assert "文字太长，没有保存" in page


def test_a_reader_may_not_ask_for_the_live_look():
    summary = office.text()
    address = reverse("admin:papers_summary_look", args=[summary.pk])
    assert Client().post(address, office.form(summary)).status_code == 302
    assert office.at_desk(office.editor()).get(address).status_code == 405


def test_a_readers_report_is_shown_with_its_sentence_and_settled_by_approving():
    summary = office.text()
    Report.objects.create(paper=summary.paper, sentence="词错误率降至4.2%。", message="数字不对")
    client = office.at_desk(office.editor())
    assert "数字不对" in client.get(office.desk(summary)).content.decode()
    office.press(client, summary, "approve", settle="1")
    assert Report.objects.get().settled_by.username == "李四"


def test_a_report_on_a_public_text_can_be_settled_without_a_change():
    summary = office.text("approved")
    Report.objects.create(paper=summary.paper, message="觉得不通顺")
    client = office.at_desk(office.editor())
    assert summary.paper.arxiv_id in client.get(office.queue()).content.decode()
    office.press(client, summary, "settle")
    assert Report.objects.get().settled_at is not None
    assert summary.paper.arxiv_id not in client.get(office.queue()).content.decode()


def test_the_timeline_names_who_when_and_why():
    summary = office.text()
    client = office.at_desk(office.editor())
    office.press(client, summary, "reject", note="重复了")
    office.press(client, summary, "reopen")
    page = client.get(office.desk(summary)).content.decode()
    assert "李四 <b>拒绝</b>" in page
    assert "重复了" in page
    assert "机器 <b>译出</b>" in page


def test_a_text_cut_for_the_model_is_told():
    summary = office.text()
    summary.paper.full_texts.create(
        version=1, source="html", engine="latexml", text="x", cut=["附录 B"], extracted_at=base.NOON
    )
    assert "附录 B" in office.at_desk(office.editor()).get(office.desk(summary)).content.decode()


def test_a_newer_version_at_arxiv_is_told():
    summary = office.text()
    summary.paper.version = 2
    summary.paper.save(update_fields=["version"])
    page = office.at_desk(office.editor()).get(office.desk(summary)).content.decode()
    assert "arXiv 现在是 v2" in page


def test_old_and_new_english_are_shown_with_what_became_of_the_chinese():
    summary = office.text("approved", abstract="词错误率降至4.2%。")
    paper = summary.paper
    then = {"version": 1, "title": paper.title, "abstract": "The rate falls to 4.2%."}
    paper.version, paper.abstract, paper.versions = 2, "The rate falls to 3.1%.", [then]
    paper.save()
    summary.offer(
        base.make_revision(summary, abstract="词错误率降至3.1%。", base=summary.current), why="source"
    )
    page = office.at_desk(office.editor()).get(office.desk(summary)).content.decode()
    assert "arXiv 的原文变了：v1 → v2" in page
    assert "The rate falls to <del>4.2</del><ins>3.1</ins>%." in page
    assert "词错误率降至<del>4.2</del><ins>3.1</ins>%。" in page
    assert "The rate falls to 4.2%." in page
    summary.approve(office.chief())
    assert "原文变了" not in office.at_desk(office.editor("孙七")).get(office.desk(summary)).content.decode()


def test_a_new_version_with_the_same_words_says_so():
    summary = office.text()
    summary.paper.version = 2
    summary.paper.save(update_fields=["version"])
    page = office.at_desk(office.editor()).get(office.desk(summary)).content.decode()
    assert "标题和摘要的原文没有变" in page
    assert "原文变了" not in page


def test_the_pace_is_the_editors_own():
    client = office.at_desk(office.editor())
    texts = [office.text() for _ in range(5)]
    for summary in texts[:4]:
        client.get(office.desk(summary))
        office.press(client, summary, "approve")
    for sitting in Sitting.objects.exclude(closed_at=None):
        sitting.opened_at = sitting.closed_at - base.dt.timedelta(minutes=7)
        sitting.save()
    assert "约剩 7 分钟" in client.get(office.desk(texts[4])).content.decode()


def queries_of(client, address):
    """Of the cheaper of two looks: now and then one also renews who sits at the text."""
    client.get(address)
    return min(queries_of_a_look(client, address) for _ in range(2))


def queries_of_a_look(client, address):
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
        return len(asked)


def test_the_desk_asks_the_database_the_same_number_of_times_for_any_text():
    client = office.at_desk(office.editor())
    few = queries_of(client, office.desk(office.text()))
    large = office.text(abstract=office.CHINESE * 6)
    office.day_of(large)
    for number in range(12):
        office.press(client, large, title=f"第{number}稿")
        office.finding(large, "warning", fingerprint=f"n{number}")
        Report.objects.create(paper=large.paper, message="？")
    assert 10 < few < 30
    assert queries_of(client, office.desk(large)) == few


def test_the_history_of_a_text_is_on_its_desk():
    summary = office.text()
    answer = office.at_desk(office.editor()).get(f"/admin/papers/summary/{summary.pk}/history/")
    assert answer.url == f"/admin/papers/summary/{summary.pk}/change/#timeline"
