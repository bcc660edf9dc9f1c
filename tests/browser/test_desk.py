"""The desk in a real Chromium: a morning by keyboard, two people in every conflict, no barriers."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from papers import jobs, pipeline
from papers.models import Job, Paper, Sitting, Summary, Term
from posts.models import Report
from tests.browser import editors
from tests.browser.chromium import look
from tests.browser.editors import Editor
from tests.posts import office

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

WRONG = office.CHINESE.replace("4.2%", "9.9%")
START = "/admin/papers/summary/next/"


@pytest.fixture
def li(chromium: Chrome, live_server: LiveServer) -> Editor:
    return Editor(chromium, live_server.url, office.editor("李四"))


@pytest.fixture
def sun(other_chromium: Chrome, live_server: LiveServer) -> Editor:
    return Editor(other_chromium, live_server.url, office.chief("孙七"))


def text(status: str = "needs_review", **fields: str) -> Summary:
    """A text with the findings that its own words give."""
    summary = office.text(status, **fields)
    pipeline.recheck(summary)
    summary.refresh_from_db()
    return summary


def again(summary: Summary) -> Summary:
    return Summary.objects.select_related("current", "public", "reviewed_by").get(pk=summary.pk)


# A morning


def test_ten_papers_are_reviewed_by_keyboard_alone(li: Editor) -> None:
    wrong, noisy, edited, skipped = text(abstract=WRONG), text(abstract=WRONG), text(), text()
    clean = [text() for _ in range(6)]
    office.day_of(wrong, noisy, edited, skipped, *clean)
    li.open(START)
    done: set[int] = set()
    while len(done) < 10:
        pk = int(li.browser.current_url.split("/summary/")[1].split("/")[0])
        if pk == skipped.pk and pk not in done:
            li.leave_by(lambda: li.press("s"))
            done.add(pk)
            continue
        if pk == wrong.pk:
            li.press("j", "f")
            li.wait(lambda: not li.all("#findings li.finding[data-level=block]"))
        elif pk == noisy.pk:
            li.press("j", "x")
            li.wait(lambda: not li.all("#findings li.finding[data-level=block]"))
        elif pk == edited.pk:
            li.press("1")
            li.ctrl("e")
            li.press(Keys.END, "！")
        li.leave_by(lambda: li.ctrl(Keys.ENTER))
        done.add(pk)
    assert "没有下一篇" in li.text
    assert Summary.objects.filter(status="approved", reviewed_by=li.user).count() == 9
    assert "4.2%" in again(wrong).public.abstract
    assert "9.9%" in again(noisy).public.abstract
    assert again(edited).public.title.endswith("！")
    li.open(START)
    li.leave_by(lambda: li.ctrl(Keys.ENTER))
    assert again(skipped).status == "approved"
    assert li.complaints == []


def test_letters_never_fire_inside_a_text_field(li: Editor) -> None:
    summary = text()
    text()
    li.open(office.desk(summary))
    li.write("title", "sxfjk123?")
    assert li.find("#id_title").get_property("value") == "sxfjk123?"
    assert li.browser.current_url.endswith(office.desk(summary))
    assert not li.js("document.getElementById('help').open")


def test_shortcuts_are_listed_and_can_be_switched_off(li: Editor) -> None:
    summary = text()
    li.open(office.desk(summary))
    li.press("?")
    assert li.find("#help").is_displayed()
    li.find("#keys-on").click()
    li.press(Keys.ESCAPE)
    li.open(office.desk(summary))
    li.press("3")
    assert li.find("#panel-abstract").is_displayed()
    li.ctrl(Keys.ENTER)
    assert again(summary).status == "needs_review"


def test_control_s_saves_from_inside_the_text_field(li: Editor) -> None:
    summary = text()
    li.open(office.desk(summary))
    li.write("title", "新的标题")
    li.leave_by(lambda: li.ctrl("s"))
    assert again(summary).current.title == "新的标题"


# Seeing


def test_hovering_one_sentence_lights_the_other(li: Editor) -> None:
    li.open(office.desk(text()))
    chinese = "getComputedStyle(document.querySelector('#aligned tr td.chinese')).backgroundColor"
    plain = li.js(chinese)
    editors.ActionChains(li.browser).move_to_element(li.find("#aligned tr[data-row] td.english")).perform()
    assert li.js(chinese) != plain


def test_typing_shows_formula_difference_findings_and_the_lonely_sentence(li: Editor) -> None:
    li.open(office.desk(text()))
    li.write("abstract", "我们在人说话的同时转换口音，代价为$x^2$。词错误率降至9.9%。")
    li.wait(lambda: li.all('[data-preview="abstract"] math'))
    assert li.all('[data-diff="abstract"] ins')
    assert li.all("#findings li.finding[data-level=block]")
    assert li.all("#aligned tr.lonely")


def test_a_finding_leads_to_its_words(li: Editor) -> None:
    li.open(office.desk(text(abstract=WRONG)))
    li.press("j", "g")
    area = "document.getElementById('id_abstract')"
    assert li.js(f"{area}.value.slice({area}.selectionStart, {area}.selectionEnd)").startswith("9.9")
    assert li.all("#aligned tr.lit")


def test_the_first_press_only_chooses_a_finding(li: Editor) -> None:
    li.open(office.desk(text(abstract=WRONG)))
    li.press("x")
    assert li.all("#findings li.finding.chosen[data-level=block]")
    li.press("x")
    li.wait(lambda: not li.all("#findings li.finding[data-level=block]"))


def test_a_text_too_long_for_the_server_is_said_to_be(li: Editor) -> None:
    li.open(office.desk(text()))
    li.browser.execute_script(
        "const area = document.getElementById('id_abstract'); area.value = '长'.repeat(200001);"
        " area.dispatchEvent(new Event('input', { bubbles: true }))"
    )
    li.wait(lambda: "文字太长" in li.find("#saved").text)


def test_a_dismissed_finding_is_taken_back_by_key(li: Editor) -> None:
    summary = text(abstract=WRONG)
    li.open(office.desk(summary))
    grave = "#findings li.finding[data-level=block]"
    li.press("j", "x")
    li.wait(lambda: not li.all(grave) and li.all("[data-act=restore]"))
    li.press("u")
    li.wait(lambda: li.all(grave))
    assert again(summary).worst == "block"


def test_a_readers_report_leads_to_its_sentence(li: Editor) -> None:
    summary = text()
    Report.objects.create(paper=summary.paper, sentence="词错误率降至4.2%。", message="数字不对")
    li.open(office.desk(summary))
    li.click("[data-sentence]")
    area = "document.getElementById('id_abstract')"
    assert li.js(f"{area}.value.slice({area}.selectionStart, {area}.selectionEnd)") == "词错误率降至4.2%。"


def test_a_term_is_added_from_what_is_selected(sun: Editor) -> None:
    sun.open(office.desk(text()))
    sun.browser.execute_script(
        "const cell = document.querySelector('#aligned td.english'); const range = document.createRange();"
        "range.setStart(cell.firstChild, 11); range.setEnd(cell.firstChild, 18);"
        "getSelection().removeAllRanges(); getSelection().addRange(range);"
    )
    sun.wait(lambda: sun.js("String(getSelection())") == "accents")
    sun.press("t")
    assert sun.find("#term_english").get_property("value") == "accents"
    sun.find("#term_chinese").send_keys("口音群")
    sun.click("#add-term")
    sun.wait(lambda: "已加入" in sun.find("#term-answer").text)
    assert Term.objects.get(english="accents").chinese == "口音群"


# Typing is never lost


def test_leaving_with_unsaved_words_asks(li: Editor) -> None:
    li.open(office.desk(text()))
    asks = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert li.js(asks) is False
    li.write("title", "半句")
    assert li.js(asks) is True


def test_the_draft_comes_back_after_the_browser_was_closed(li: Editor) -> None:
    summary = text()
    li.open(office.desk(summary))
    li.write("abstract", "打到一半的摘要")
    li.wait(lambda: "草稿已留存" in li.find("#saved").text)
    assert Sitting.objects.get().draft["abstract"] == "打到一半的摘要"
    li.browser.execute_script("localStorage.clear()")
    li.open("/robots.txt")
    li.open(office.desk(summary))
    assert li.find("#id_abstract").get_property("value") == "打到一半的摘要"
    assert again(summary).current.abstract == office.CHINESE


def test_words_typed_without_a_connection_come_back_from_this_machine(li: Editor) -> None:
    summary = text()
    li.open(office.desk(summary))
    li.browser.execute_script("window.fetch = () => Promise.reject(new Error('offline'))")
    li.write("abstract", "没有网络时打的字")
    li.wait(lambda: "连不上服务器" in li.find("#saved").text)
    assert Sitting.objects.get().draft is None
    li.open("/robots.txt")
    li.open(office.desk(summary))
    li.wait(lambda: li.find("#id_abstract").get_property("value") == "没有网络时打的字")


def test_what_was_saved_does_not_come_back_as_a_draft(li: Editor) -> None:
    summary = text()
    li.open(office.desk(summary))
    li.write("title", "第一稿")
    li.press_button("save")
    Summary.objects.get(pk=summary.pk).edit(
        office.chief(), again(summary).current, title="第二稿", abstract=office.CHINESE, reading=""
    )
    li.open(office.desk(summary))
    assert li.find("#id_title").get_property("value") == "第二稿"


# Two people


def test_a_stale_save_is_merged_by_the_second_editor(li: Editor, sun: Editor) -> None:
    summary = text()
    for editor in (li, sun):
        editor.open(office.desk(summary))
    li.write("title", "李四的标题")
    li.press_button("save")
    sun.write("title", "孙七的标题")
    sun.press_button("save")
    assert "您和 李四 同时改了这一篇" in sun.text
    assert "李四的标题" in sun.text
    assert sun.find("#id_title").get_property("value") == "孙七的标题"
    assert again(summary).current.title == "李四的标题"
    sun.click('[data-take="title"][data-words="李四的标题"]')
    assert sun.find("#id_title").get_property("value") == "李四的标题"
    sun.write("title", "两人的标题")
    sun.press_button("save")
    assert again(summary).current.title == "两人的标题"


def test_the_page_tells_that_somebody_else_saved(li: Editor, sun: Editor) -> None:
    summary = text()
    sun.open(office.desk(summary))
    li.open(office.desk(summary))
    assert "孙七 也正开着这一篇" in li.text
    li.write("title", "李四的标题")
    li.press_button("save")
    sun.write("abstract", "孙七的摘要。")
    sun.wait(lambda: "有人刚刚保存了新的文字" in sun.find("#present").text)


@pytest.mark.parametrize(("first", "said"), [("approve", "李四“通过”"), ("reject", "李四“拒绝”")])
def test_who_was_slower_is_told_what_happened(li: Editor, sun: Editor, first: str, said: str) -> None:
    summary = text()
    for editor in (li, sun):
        editor.open(office.desk(summary))
    li.press_button(first)
    before = again(summary).status
    sun.press_button("reject" if first == "approve" else "approve")
    assert "没有做成" in sun.text
    assert said in sun.text
    assert again(summary).status == before


def test_approving_twice_leaves_one_approval(li: Editor, sun: Editor) -> None:
    summary = text()
    for editor in (li, sun):
        editor.open(office.desk(summary))
    li.press_button("approve")
    sun.press_button("approve")
    assert again(summary).reviewed_by == li.user


def test_a_post_that_changed_while_one_looked_is_shown_again(li: Editor, sun: Editor) -> None:
    summary = text()
    post = office.day_of(summary)
    sun.open(reverse("admin:posts_dailypost_publish", args=[post.pk]))
    li.open(office.desk(summary))
    li.press_button("approve")
    publish: Callable[[], None] = lambda: sun.find("input[type=submit].default").click()  # noqa: E731
    sun.leave_by(publish)
    assert "这份日报有了变化" in sun.text
    post.refresh_from_db()
    assert post.status == "draft"
    sun.leave_by(publish)
    post.refresh_from_db()
    assert post.status == "published"


# For everybody


def test_without_scripts_the_desk_does_its_work(li: Editor) -> None:
    summary = text(abstract=WRONG)
    li.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        li.open(office.desk(summary))
        li.click('#findings button[name="fix"]')
        li.wait(lambda: "4.2%" in li.find("#id_abstract").get_property("value"))
        for part in ("title", "abstract", "reading"):
            assert li.find(f"#id_{part}").is_displayed()
        li.find("#approve").click()
        li.wait(lambda: again(summary).status == "approved")
    finally:
        li.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "4.2%" in again(summary).public.abstract


LOOKS = [(width, theme) for width in (1440, 390) for theme in ("light", "dark")]

# The stock admin fades from one colour to the next: axe would look at what is between a light and a dark page.
OPEN_AND_STILL = """
    document.querySelectorAll('details').forEach((one) => { one.open = true; });
    const still = new CSSStyleSheet();
    still.replaceSync('* { transition: none !important; }');
    document.adoptedStyleSheets = [still];
"""


def test_axe_finds_nothing_serious_on_desk_and_queue(sun: Editor, li: Editor) -> None:
    found = {}
    for name, address in pages_to_look_at(sun, li).items():
        sun.open(address)
        sun.browser.execute_script(OPEN_AND_STILL)
        for width, theme in LOOKS:
            look(sun.browser, width, theme)
            if barriers := sun.barriers():
                found[name, width, theme] = barriers
            assert sun.js("document.documentElement.scrollWidth") <= width, (name, width)
    assert found == {}
    assert sun.complaints == []


def pages_to_look_at(sun: Editor, li: Editor) -> dict[str, str]:
    """The desk with everything that it can show, a conflict, the queue, and what one publishes by."""
    summary = text(abstract=WRONG, reading="### 1. 背景\n- 甲\n\n### 2. 方法\n- $x$\n\n### 3. 效果\n- 好")
    Report.objects.create(paper=summary.paper, sentence="词错误率", message="数字不对")
    changed = text("approved")
    then = {"version": 1, "title": changed.paper.title, "abstract": "Another abstract. The rate is 4.2%."}
    Paper.objects.filter(pk=changed.paper_id).update(version=2, versions=[then])
    post = office.day_of(summary, changed, text("manual"), text("waiting"))
    office.at_desk(li.user).get(office.desk(summary))
    conflict = office.text()
    office.at_desk(sun.user).post(
        reverse("admin:papers_summary_sit", args=[conflict.pk]), office.form(conflict, title="甲")
    )
    office.press(office.at_desk(li.user), conflict, title="乙")
    return {
        "queue": office.queue(state="all"),
        "desk": office.desk(summary),
        "changed": office.desk(changed),
        "conflict": office.desk(conflict),
        "publish": reverse("admin:posts_dailypost_publish", args=[post.pk]),
        "calendar": reverse("admin:posts_calendar") + "?month=2026-01",
        "status": status_page(),
    }


def status_page() -> str:
    """With work that was given up; a halt would show on the other pages too."""
    jobs.enqueue(Job.Kind.ANALYSE, ["2601.19786"])
    jobs.give_up(jobs.claim([Job.Kind.ANALYSE])[0], "refused", "Content Exists Risk")
    return reverse("status")
