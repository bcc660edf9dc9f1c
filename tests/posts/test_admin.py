"""The rest of the office: every page opens, the log is nobody's to change, and who may what."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from papers.models import Announcement, Category, Job, LLMCall, Poll, ReviewEvent, Summary, Term
from posts.models import DailyPost, Digest, Report, Subscriber
from tests import base
from tests.posts import office

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    return User.objects.create_superuser("boss", password="correct horse")


def address(name, *args):
    return reverse(f"admin:{name}", args=args)


def a_day():
    """A published day with a paper in every state, and everything that was done for it."""
    texts = [office.text(state) for state in ("needs_review", "approved", "manual", "waiting", "rejected")]
    post = office.day_of(*texts)
    paper = texts[0].paper
    job = Job.objects.create(kind="translate", subject=paper.arxiv_id, state="dead", reason="<b>broken</b>")
    LLMCall.objects.create(
        key="k1", job=job, paper=paper, purpose="translate", model="m-1", prompt_version="1", price="0.25",
        opened_at=base.NOON, reply="<script>alert(1)</script>",
    )  # fmt: skip
    Announcement.objects.create(
        category="cs.SD", date=base.DAY, arxiv_id=paper.arxiv_id, kind="new", first_seen_at=base.NOON
    )
    Poll.objects.create(
        source="list",
        category="cs.SD",
        date=base.DAY,
        asked_at=base.NOON,
        printed={"new": 3},
        found=2,
        state="ok",
    )
    Report.objects.create(paper=paper, message="这里错了")
    Subscriber.objects.create(digest=post.digest, email="reader@example.org", token="t")
    return post


def test_every_page_of_the_admin_opens(boss):
    a_day()
    client = office.at_desk(boss)
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(address(f"{name}_changelist")).status_code == 200, name
        if row := model._default_manager.first():
            assert client.get(address(f"{name}_change", row.pk)).status_code == 200, name
    assert client.get(address("index")).status_code == 200


def test_the_admin_bears_our_name(boss):
    page = office.at_desk(boss).get(address("index")).content.decode()
    assert "arXiv 中文日报 · 编辑部" in page
    assert "<title>编辑部 | arXiv 中文日报</title>" in " ".join(page.split())


def test_the_first_page_has_the_doors_one_may_open():
    page = office.at_desk(office.observer()).get(address("index")).content.decode()
    for name in ("papers_summary_next", "posts_calendar", "papers_llmcall_costs"):
        assert f'href="{address(name)}"' in page
    nobody = office.at_desk(base.make_user("nobody")).get(address("index")).content.decode()
    assert address("posts_calendar") not in nobody


def test_the_queues_own_admins_are_absent(boss):
    assert not [model for model in admin.site._registry if model._meta.app_label == "django_q"]
    assert office.at_desk(boss).get("/admin/django_q/").status_code == 404


def test_nobody_adds_changes_or_deletes_a_row_of_the_log(boss):
    summary = office.text("approved")
    event = ReviewEvent.of(summary).first()
    client = office.at_desk(boss)
    data = {"note": "nothing happened", "post": "yes"}
    for name, args in (("add", ()), ("change", (event.pk,)), ("delete", (event.pk,))):
        assert client.post(address(f"papers_reviewevent_{name}", *args), data).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"}
    client.post(address("papers_reviewevent_changelist"), chosen)
    event.refresh_from_db()
    assert event.note == ""


def test_what_the_log_speaks_of_cannot_be_deleted_either(boss):
    post = a_day()
    summary = Summary.objects.first()
    client = office.at_desk(boss)
    rows = [("papers_summary", summary), ("papers_paper", summary.paper), ("posts_dailypost", post), ("posts_digest", post.digest)]  # fmt: skip
    for name, row in rows:
        assert client.post(address(f"{name}_delete", row.pk), {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        client.post(address(f"{name}_changelist"), chosen)
        assert type(row).objects.filter(pk=row.pk).exists()


def test_an_editor_who_is_in_the_log_is_not_deleted(boss):
    office.press(office.at_desk(office.editor()), office.text(), "approve")
    client = office.at_desk(boss)
    editor = User.objects.get(username="李四")
    assert client.post(address("auth_user_delete", editor.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [editor.pk], "post": "yes"}
    client.post(address("auth_user_changelist"), chosen)
    assert ReviewEvent.objects.filter(by=editor).exists()


def test_a_new_editor_is_staff_and_in_a_group_at_once(boss):
    client = office.at_desk(boss)
    page = client.get(address("auth_user_add")).content.decode()
    assert 'type="checkbox" name="groups"' in page
    group = Group.objects.get(name="译审")
    password = "correct horse battery"
    form = {"username": "wu", "usable_password": "true", "password1": password, "password2": password}
    client.post(address("auth_user_add"), form | {"last_name": "吴", "is_staff": "on", "groups": [group.pk]})
    new = User.objects.get(username="wu")
    assert (new.is_staff, new.has_perm("papers.approve_summary")) == (True, True)


def test_a_user_who_did_nothing_may_be_deleted(boss):
    newcomer = office.editor("新人")
    office.at_desk(boss).post(address("auth_user_delete", newcomer.pk), {"post": "yes"})
    assert not User.objects.filter(username="新人").exists()


# Who may what


BUTTONS = {
    "观察": set(),
    "译审": {"approve", "save", "skip", "send_back", "take_over", "reject"},
    "主编": {"approve", "save", "skip", "send_back", "take_over", "reject", "withdraw"},
}


@pytest.mark.parametrize("group", BUTTONS)
def test_buttons_that_one_may_not_use_are_absent(group):
    summary = office.text("approved")
    office.press(office.at_desk(office.chief("建立者")), summary, title="新的标题")
    page = office.at_desk(office.person("某人", group)).get(office.desk(summary)).content.decode()
    for verb in BUTTONS["主编"]:
        assert (f'name="verb" value="{verb}" class="button' in page) == (verb in BUTTONS[group]), verb
    assert ("readonly" in page) == (group == "观察")


@pytest.mark.parametrize(
    "verb", ["approve", "save", "send_back", "reject", "take_over", "withdraw", "reopen"]
)
def test_the_verbs_refuse_an_observer_whatever_is_sent(verb):
    summary = office.text("rejected" if verb == "reopen" else "needs_review")
    before = summary.status, summary.current_id
    change = {"note": "x"} | ({"title": "改了"} if verb == "save" else {})
    response = office.press(office.at_desk(office.observer()), summary, verb, **change)
    summary.refresh_from_db()
    assert response.status_code in (403, 409)
    assert (summary.status, summary.current_id) == before


def test_what_one_may_not_do_is_said_in_chinese():
    answer = office.at_desk(base.make_user("nobody")).get(address("papers_llmcall_costs"))
    assert answer.status_code == 403
    assert "没有权限" in answer.content.decode()


def test_an_editor_may_not_publish_or_withdraw():
    post = office.day_of(office.text("approved"))
    client = office.at_desk(office.editor())
    for name in ("publish", "withdraw"):
        assert client.get(address(f"posts_dailypost_{name}", post.pk)).status_code == 403
    assert "publish/" not in client.get(address("posts_dailypost_change", post.pk)).content.decode()


def test_an_editor_may_not_withdraw_a_text():
    summary = office.text("approved")
    office.press(office.at_desk(office.editor()), summary, "withdraw", note="有误")
    summary.refresh_from_db()
    assert summary.public is not None


def test_withdrawing_a_text_wants_a_reason():
    summary = office.text("approved")
    client = office.at_desk(office.chief())
    assert office.press(client, summary, "withdraw").status_code == 409
    office.press(client, summary, "withdraw", note="作者要求")
    summary.refresh_from_db()
    assert summary.public is None
    assert ReviewEvent.of(summary).first().note == "作者要求"


def test_a_reader_does_not_get_in(client):
    summary = office.text()
    for page in (
        office.desk(summary),
        office.queue(),
        address("posts_calendar"),
        address("papers_term_export"),
    ):
        assert client.get(page).status_code == 302


# Days


def test_the_publish_page_says_what_will_and_will_not_appear():
    post = a_day()
    page = office.at_desk(office.chief()).get(address("posts_dailypost_publish", post.pk))
    plan = page.context["plan"]
    assert [line.kind for line in plan.appearing] == ["已审校"]
    assert [line.kind for line in plan.absent] == ["待审", "手工翻译", "等待翻译", "已拒绝"]
    assert "发布：读者将看到 1 篇" in page.content.decode()


def test_the_publish_page_says_what_a_rule_holds_back():
    post = office.day_of()
    base.make_entry(post, office.text("approved"), held="排除词：survey")
    plan = office.at_desk(office.chief()).get(address("posts_dailypost_publish", post.pk)).context["plan"]
    assert [line.note for line in plan.absent] == ["排除词：survey"]


@pytest.mark.parametrize("policy", ["reviewed", "machine"])
def test_exactly_what_the_page_promised_appears(policy):
    digest = Digest.objects.get(slug="speech")
    digest.policy = policy
    digest.save()
    post = a_day()
    blocked = office.text()
    office.finding(blocked)
    base.make_entry(post, blocked)
    client = office.at_desk(office.chief())
    plan = client.get(address("posts_dailypost_publish", post.pk)).context["plan"]
    client.post(address("posts_dailypost_publish", post.pk), {"seal": plan.seal, "note": "早上好"})
    post.refresh_from_db()
    assert post.status == "published"
    assert {line.entry.pk for line in plan.appearing} == set(
        post.entries.public().values_list("pk", flat=True)
    )
    assert len(plan.appearing) == (2 if policy == "machine" else 1)


def test_a_missing_paper_is_told_before_publishing():
    post = a_day()
    page = office.at_desk(office.chief()).get(address("posts_dailypost_publish", post.pk)).content.decode()
    assert "账目" in page


def test_the_entries_of_a_day_are_listed_in_order_with_their_states():
    post = a_day()
    page = office.at_desk(office.chief()).get(address("posts_dailypost_change", post.pk)).content.decode()
    ids = [entry.paper.arxiv_id for entry in post.entries.order_by("position")]
    assert [page.index(one) for one in ids] == sorted(page.index(one) for one in ids)
    assert "&lt;td" not in page
    assert f"{post.get_absolute_url()}?preview=1" in page


def test_the_calendar_colours_a_day_by_its_ledger_and_leads_to_it():
    a_day()
    client = office.at_desk(office.observer())
    page = client.get(address("posts_calendar") + "?digest=speech&month=2026-01")
    cells = {cell.date.day: cell for week in page.context["weeks"] for cell in week if cell.in_month}
    assert cells[28].colour == "red"
    assert cells[31].why_empty == "不公布"
    day = address("posts_calendar_day", "speech", "2026-01-28")
    assert day in page.content.decode()
    ledger = client.get(day).content.decode()
    assert "arXiv 公布" in ledger
    assert "cs.SD" in ledger


@pytest.mark.parametrize("query", ["?month=nonsense", "?month=0000-13", "?digest=none", "?month=9999-12"])
def test_the_calendar_takes_any_query(query):
    assert office.at_desk(office.observer()).get(address("posts_calendar") + query).status_code == 200


def test_the_ledger_of_no_date_is_not_found():
    client = office.at_desk(office.observer())
    assert client.get(address("posts_calendar_day", "speech", "2026-02-30")).status_code == 404


# Digests


def digest_form(**change):
    return {
        "title": "视觉", "slug": "vision", "description": "", "categories": "cs.CV\neess.IV", "anchor": "08:50",
        "zone": "Asia/Shanghai", "policy": "reviewed", "active": "on",
        "include_keywords": "", "exclude_keywords": "survey\nbenchmark",
    } | change  # fmt: skip


def test_a_digest_is_made_with_its_categories_and_rules():
    office.at_desk(office.chief()).post(
        address("posts_digest_add"), digest_form(categories="cs.SY，cs.CV cs.CV")
    )
    digest = Digest.objects.get(slug="vision")
    assert digest.categories == ["eess.SY", "cs.CV"]
    assert digest.exclude_keywords == ["survey", "benchmark"]


def test_a_new_digest_has_its_categories_followed():
    office.at_desk(office.chief()).post(address("posts_digest_add"), digest_form())
    assert set(Category.objects.filter(followed=True).values_list("code", flat=True)) >= {"cs.CV", "eess.IV"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"categories": "cs.XX"}, "arXiv 没有这样的分类：cs.XX"),
        ({"zone": "Asia/Nowhere"}, "没有这样的时区"),
        ({"zone": "../etc/passwd"}, "没有这样的时区"),
        ({"categories": ""}, "这个字段是必填项"),
    ],
)
def test_a_digest_that_cannot_work_is_refused(change, said):
    page = office.at_desk(office.chief()).post(address("posts_digest_add"), digest_form(**change))
    assert said in page.content.decode()
    assert not Digest.objects.filter(slug="vision").exists()


# Terms


def upload(client, text, encoding="utf-8"):
    file = SimpleUploadedFile("terms.csv", text.encode(encoding), "text/csv")
    return client.post(address("papers_term_import"), {"file": file}, follow=True).content.decode()


HEAD = "english,chinese,variants,keep_as_is,forbidden,is_topic,note\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_terms_come_in_from_a_spreadsheet(encoding):
    client = office.at_desk(office.chief())
    page = upload(client, HEAD + "accent codec,口音编解码器,甲|乙,,丙,1,\n", encoding)
    assert "已读入 1 条：新增 1 条" in page
    term = Term.objects.get(english="accent codec")
    assert (term.chinese, term.variants, term.forbidden, term.is_topic) == (
        "口音编解码器",
        ["甲", "乙"],
        ["丙"],
        True,
    )


def test_a_bad_line_is_named_and_nothing_is_stored():
    client = office.at_desk(office.chief())
    page = upload(client, HEAD + "good one,好,,,,,\n,没有英文,,,,,\nbad flag,坏,,也许,,,\n")
    assert "第 3 行：缺少英文术语" in page
    assert "第 4 行" in page
    assert not Term.objects.filter(english="good one").exists()


def test_a_term_that_is_too_long_is_told_and_nothing_is_stored():
    page = upload(office.at_desk(office.chief()), HEAD + f"good one,好,,,,,\n{'x' * 130},长,,,,,\n")
    assert "超过 120 个字符" in page
    assert not Term.objects.filter(english="good one").exists()


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\xff", b"", b"a,b\n1,2\n", b'english,chinese\n"open'])
def test_what_is_no_term_file_changes_nothing(data):
    before = Term.objects.count()
    client = office.at_desk(office.chief())
    file = SimpleUploadedFile("x.csv", data or b" ", "text/csv")
    assert client.post(address("papers_term_import"), {"file": file}).status_code == 200
    assert Term.objects.count() == before


def test_what_goes_out_comes_in_again_and_runs_nothing_in_a_spreadsheet():
    Term.objects.all().delete()
    Term.objects.create(english="=cmd|' /C calc'!A0", chinese="+1", note="@SUM(A1)")
    client = office.at_desk(office.chief())
    text = client.get(address("papers_term_export")).content.decode("utf-8-sig")
    assert all(not cell.startswith(("=", "+", "@")) for line in text.splitlines() for cell in line.split(","))
    Term.objects.all().delete()
    upload(client, text)
    assert Term.objects.get().english == "=cmd|' /C calc'!A0"


def test_a_term_form_refuses_what_the_file_refuses():
    client = office.at_desk(office.chief())
    page = client.post(
        address("papers_term_add"), {"english": "lonely", "chinese": "", "variants": "", "forbidden": ""}
    )
    assert "请填写译名" in page.content.decode()


def test_an_editor_may_not_import_terms():
    assert office.at_desk(office.editor()).get(address("papers_term_import")).status_code == 403


# The machine's records


def test_a_job_that_was_given_up_is_tried_again():
    a_day()
    job = Job.objects.get()
    chosen = {"action": "retry", "_selected_action": [job.pk]}
    office.at_desk(office.observer()).post(address("papers_job_changelist"), chosen)
    job.refresh_from_db()
    assert job.state == "dead"
    office.at_desk(office.editor()).post(address("papers_job_changelist"), chosen)
    job.refresh_from_db()
    assert (job.state, job.round) == ("queued", 1)


def test_costs_are_summed_by_day_model_and_paper_and_unknown_is_not_zero():
    a_day()
    LLMCall.objects.create(key="k2", purpose="analyse", model="m-2", prompt_version="1", opened_at=base.NOON)
    page = office.at_desk(office.observer()).get(address("papers_llmcall_costs"))
    day, model, _, paper = page.context["tables"]
    assert [(line.name, line.price, line.calls, line.priced) for line in day.lines] == [
        ("2026-01-28", Decimal("0.25"), 2, 1)
    ]
    assert {line.name: line.price is None for line in model.lines} == {"m-1": False, "m-2": True}
    assert len(paper.lines) == 1
    assert "未知" in page.content.decode()


def test_the_reply_of_a_model_is_shown_as_text(boss):
    a_day()
    page = (
        office.at_desk(boss).get(address("papers_llmcall_change", LLMCall.objects.get().pk)).content.decode()
    )
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_paper_shows_all_that_was_done_for_it(boss):
    a_day()
    paper = Summary.objects.first().paper
    page = office.at_desk(boss).get(address("papers_paper_change", paper.pk)).content.decode()
    for said in ("审校台（待审）", "放弃", "&lt;b&gt;broken&lt;/b&gt;", "m-1", "新提交"):
        assert said in page


def test_an_editor_sets_the_topic_tags_of_a_paper():
    summary = office.text()
    client = office.at_desk(office.editor())
    client.post(address("papers_paper_change", summary.paper.pk), {"tags": "语音识别, 口音转换", "calls-TOTAL_FORMS": 0, "calls-INITIAL_FORMS": 0})  # fmt: skip
    assert set(summary.paper.tags.names()) == {"语音识别", "口音转换"}


def test_a_day_takes_tags_and_nothing_else():
    post = a_day()
    office.at_desk(office.chief()).post(
        address("posts_dailypost_change", post.pk),
        {"tags": "arxiv, 语音", "status": "published", "fetched": "99"},
    )
    post.refresh_from_db()
    assert set(post.tags.names()) == {"arxiv", "语音"}
    assert (post.status, post.fetched) == ("draft", 1)


def test_a_new_digest_begins_with_our_anchor_in_its_own_zone(boss):
    page = office.at_desk(boss).get(address("posts_digest_add")).content.decode()
    assert '<input type="time" name="anchor" value="08:50"' in page
    assert "vTimeField" not in page and 'value="Asia/Shanghai"' in page


def test_reports_are_settled_from_their_list():
    a_day()
    report = Report.objects.get()
    chosen = {"action": "settle_selected", "_selected_action": [report.pk]}
    office.at_desk(office.editor()).post(address("posts_report_changelist"), chosen)
    report.refresh_from_db()
    assert report.settled_by.username == "李四"


def test_the_list_of_days_asks_the_same_number_of_times_for_any_length(django_assert_max_num_queries):
    client = office.at_desk(office.chief())
    for number in range(12):
        office.day_of(office.text(), date=base.DAY + dt.timedelta(days=number))
    with django_assert_max_num_queries(20):
        client.get(address("posts_dailypost_changelist"))
    assert DailyPost.objects.count() == 12
