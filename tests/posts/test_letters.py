"""The digest by mail: asked for, confirmed, sent once, left with one click; over a real SMTP connection."""

import datetime as dt
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from digest_site import clock
from papers import jobs
from papers.models import Beat, Job
from posts import tasks
from posts.models import DailyPost, Subscriber
from posts.rendering import abstract_html
from posts.telling import letters, outbox, subscriptions
from posts.telling.mail_html import for_mail
from tests.base import (
    chief,
    database_address,
    make_digest,
    make_entry,
    make_paper,
    make_post,
    make_summary,
    speech,
)
from tests.fakes.postbox import Postbox

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 9, 17)
NOON = dt.datetime(2026, 9, 17, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def box(settings: pytest.FixtureRequest) -> Iterator[Postbox]:
    with Postbox() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.MAIL_ON, settings.NOTIFY_URLS, settings.PING_URL = True, [], ""
        settings.NOW = NOON
        yield box


def subscriber(email: str = "du@example.org", **fields: object) -> Subscriber:
    given = {"confirmed_at": NOON - dt.timedelta(days=1), "token": f"token-{email}", "digest": speech()}
    return Subscriber.objects.create(email=email, **given | fields)


def five_subscribers() -> list[str]:
    return [subscriber(f"du{number}@example.org").email for number in range(5)]


def published() -> DailyPost:
    post = make_post(DAY, published=True)
    make_entry(post, make_summary("approved", make_paper("2609.00001")))
    return post


def tell() -> int:
    """How many messages were taken by the other side."""
    outbox.find()
    return outbox.deliver(20)["told"]


def later() -> int:
    """The same after every wait has passed."""
    Job.objects.filter(state=Job.State.WAITING).update(next_try_at=clock.machine_now())
    return tell()


def body(letter: EmailMessage, kind: str = "plain") -> str:
    part = letter.get_body((kind,))
    assert part
    return str(part.get_content())


def subject_of(letter: EmailMessage) -> str:
    """A long one begins on a line of its own."""
    return str(letter["Subject"]).strip()


def link(text: str, part: str) -> str:
    """The path of the first address in a letter that contains `part`."""
    return next(urlsplit(url).path for url in re.findall(r"https?://[^\s<>\"]+", text) if part in url)


def ask(client: Client, email: str = "du@example.org", **fields: str) -> int:
    return client.post("/mail/", {"digest": "speech", "email": email} | fields).status_code


# --- Asking, confirming, leaving -------------------------------------------------------------------------------


def test_nothing_but_a_question_is_sent_before_it_is_confirmed(client: Client, box: Postbox) -> None:
    assert ask(client) == 200
    published()
    assert tell() == 1
    assert [subject_of(letter) for letter in box.letters] == ["请确认订阅：语音与音频"]


def test_from_asking_to_the_first_letter_and_out_again(client: Client, box: Postbox) -> None:
    ask(client)
    tell()
    confirm = link(body(box.letters[0]), "/mail/confirm/")
    client.get(confirm)
    assert Subscriber.objects.get().confirmed_at is None, "a scanner that looks at links confirms nothing"
    assert client.post(confirm).status_code == 200
    published()
    tell()
    assert box.to() == ["du@example.org"] * 2
    leave = link(box.letters[1]["List-Unsubscribe"], "/mail/leave/")
    client.get(leave)
    assert Subscriber.objects.get().left_at is None
    client.post(leave, {"List-Unsubscribe": "One-Click"})
    assert Subscriber.objects.get().left_at is not None


def test_one_click_needs_no_cookie_and_no_token(box: Postbox) -> None:
    """RFC 8058: the mail service posts from nowhere; Django's own protection must not stand in the way."""
    reader = subscriber()
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(f"/mail/leave/{reader.token}/", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and not answer.cookies
    reader.refresh_from_db()
    assert reader.left_at
    assert strict.post(f"/mail/leave/{reader.token}/").status_code == 200, "twice is no mistake"


def test_who_left_can_come_back(client: Client, box: Postbox) -> None:
    reader = subscriber(left_at=NOON, asked_at=clock.machine_now() - dt.timedelta(days=3))
    ask(client)
    assert tell() == 1
    client.post(f"/mail/confirm/{reader.token}/")
    reader.refresh_from_db()
    assert reader.is_active


def test_who_answers_the_question_with_no_is_not_asked_again(client: Client, box: Postbox) -> None:
    ask(client)
    tell()
    client.post(link(body(box.letters[0]), "/mail/leave/"))
    Subscriber.objects.update(asked_at=clock.machine_now() - dt.timedelta(days=3))
    ask(client)
    assert tell() == 0


def test_the_answer_does_not_tell_whether_an_address_is_known(client: Client, box: Postbox) -> None:
    subscriber("known@example.org")
    answers = [
        client.post("/mail/", {"digest": "speech", "email": email}).content.decode().replace(email, "X")
        for email in ("known@example.org", "new@example.org")
    ]
    assert answers[0] == answers[1]


def test_each_digest_is_subscribed_by_itself(client: Client, box: Postbox) -> None:
    make_digest()
    ask(client)
    ask(client, digest="vision")
    tell()
    assert sorted(subject_of(letter) for letter in box.letters) == [
        "请确认订阅：视觉",
        "请确认订阅：语音与音频",
    ]


# --- Misuse ----------------------------------------------------------------------------------------------------


def test_nobody_can_have_us_write_to_an_address_again_and_again(client: Client, box: Postbox) -> None:
    for _ in range(2):
        ask(client)
        ask(client, "DU@example.org")
    assert tell() == 1


def test_one_asker_cannot_ask_for_many(client: Client, box: Postbox) -> None:
    answers = [ask(client, f"victim{number}@example.org") for number in range(subscriptions.ASKED_BY_ONE + 3)]
    assert answers == [200] * subscriptions.ASKED_BY_ONE + [429] * 3
    assert tell() == subscriptions.ASKED_BY_ONE


def test_many_askers_cannot_ask_for_many(client: Client, box: Postbox) -> None:
    for number in range(subscriptions.ASKED_AN_HOUR + 20):
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        client.post("/mail/", {"digest": "speech", "email": f"victim{number}@example.org"}, headers=headers)
    assert tell() == subscriptions.ASKED_AN_HOUR


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "not an address"},
        {"email": "a@b.c\nBcc: all@example.org"},
        {"email": "x" * 300 + "@example.org"},
        {"email": "a@example.org,b@example.org"},
        {"digest": "nothing"},
    ],
)
def test_nonsense_is_refused(client: Client, box: Postbox, fields: dict[str, str]) -> None:
    assert ask(client, **{"email": "du@example.org"} | fields) == 400
    assert not Subscriber.objects.exists()


def test_a_form_of_another_site_is_refused(client: Client, box: Postbox) -> None:
    form = {"digest": "speech", "email": "du@example.org"}
    assert client.post("/mail/", form, headers={"Origin": "https://evil.example"}).status_code == 400


def test_a_robot_that_fills_every_field_is_thanked_and_forgotten(client: Client, box: Postbox) -> None:
    assert ask(client, website="https://spam.example") == 200
    assert not Subscriber.objects.exists()


def test_a_site_without_mail_offers_none(client: Client, settings: pytest.FixtureRequest) -> None:
    settings.MAIL_ON = False
    assert client.get("/mail/").status_code == 404
    assert "/mail/" not in client.get("/subscribe/").content.decode()


def test_a_site_with_mail_offers_it_where_people_subscribe(client: Client, box: Postbox) -> None:
    assert 'href="/mail/"' in client.get("/subscribe/").content.decode()


def test_an_unknown_token_is_not_found(client: Client) -> None:
    assert client.get("/mail/confirm/nobody/").status_code == 404
    assert client.post("/mail/leave/nobody/").status_code == 404


def test_no_address_is_kept_for_longer_than_it_is_needed(box: Postbox) -> None:
    long_ago = NOON - dt.timedelta(days=60)
    subscriber("gone@example.org", left_at=long_ago)
    subscriber("silent@example.org", confirmed_at=None, asked_at=clock.machine_now() - dt.timedelta(days=8))
    subscriber("asked@example.org", confirmed_at=None, asked_at=clock.machine_now())
    subscriber("left@example.org", left_at=NOON)
    subscriber("here@example.org", asked_at=long_ago)
    outbox.forget()
    kept = Subscriber.objects.order_by("email").values_list("email", flat=True)
    assert list(kept) == ["asked@example.org", "here@example.org", "left@example.org"]


# --- What a letter says ----------------------------------------------------------------------------------------


def test_a_letter_has_what_mail_services_ask_for(box: Postbox, settings: pytest.FixtureRequest) -> None:
    reader = subscriber()
    published()
    tell()
    (letter,) = box.letters
    assert letter["List-Unsubscribe"] == f"<{settings.SITE_URL}/mail/leave/{reader.token}/>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert parseaddr(letter["From"]) == ("arXiv 中文日报", f"digest@{settings.SITE_HOST}")
    assert letter["Date"] and letter["Message-ID"]
    assert subject_of(letter) == "语音与音频 2026-09-17：1 篇"


def test_a_letter_says_the_same_in_text_and_html(box: Postbox) -> None:
    subscriber()
    published()
    tell()
    for kind in ("plain", "html"):
        text = body(box.letters[0], kind)
        for said in ("流式口音转换", "Streaming Accent Conversion", "Ada Example", "词错误率降至4.2%"):
            assert said in text
        assert "/papers/2609.00001/" in text and "/mail/leave/" in text
        assert "leave.invalid" not in text


def test_every_reader_leaves_by_their_own_address(box: Postbox) -> None:
    five_subscribers()
    published()
    tell()
    for letter in box.letters:
        own = f"/mail/leave/token-{letter['To']}/"
        assert link(body(letter), "/mail/leave/") == own
        assert own in body(letter, "html")


def test_a_hostile_title_is_text_in_a_letter(box: Postbox) -> None:
    subscriber()
    paper = make_paper("2609.00001", title='<script>alert(1)</script>"', authors=["<img src=x>"])
    summary = make_summary("approved", paper, title="<b onclick=x>标题</b>\r\nBcc: a@b.c")
    make_entry(make_post(DAY, published=True), summary)
    tell()
    html = body(box.letters[0], "html")
    assert "<script" not in html and "<img" not in html and "<b onclick" not in html


def test_a_line_break_in_a_digests_title_adds_no_header(box: Postbox) -> None:
    digest = make_digest(title="视觉\r\nBcc: all@example.org")
    subscriber(digest=digest)
    make_entry(make_post(DAY, digest=digest, published=True))
    tell()
    (letter,) = box.letters
    assert letter["Bcc"] is None and "Bcc" in letter["Subject"]


def test_a_machines_text_is_marked_in_a_letter(box: Postbox) -> None:
    digest = make_digest(policy="machine")
    subscriber(digest=digest)
    post = make_post(DAY, digest=digest)
    make_entry(post, make_summary("needs_review"))
    post.publish()
    tell()
    for kind in ("plain", "html"):
        assert "机器翻译，未经审校" in body(box.letters[0], kind)


def test_what_is_not_public_is_not_mailed(box: Postbox) -> None:
    subscriber()
    make_entry(published(), make_summary("needs_review", make_paper("2609.00002", title="Unseen")))
    tell()
    assert "Unseen" not in body(box.letters[0])


def test_a_long_day_lists_the_rest_by_title(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large mail services cut letters off after about 100 kB."""
    monkeypatch.setattr(letters, "ROOM", 600)
    subscriber()
    post = published()
    for number in range(2, 12):
        summary = make_summary("approved", make_paper(f"2609.{number:05}"), abstract="长" * 100)
        make_entry(post, summary)
    tell()
    for kind in ("plain", "html"):
        text = body(box.letters[0], kind)
        assert text.count("长" * 100) == 1
        assert all(f"/papers/2609.{number:05}/" in text for number in range(1, 12))


@pytest.mark.parametrize(
    ("tex", "html"),
    [
        ("10^{-3}", "<i>10<sup>−3</sup></i>"),
        ("x_i^2", "<i>x<sub>i</sub><sup>2</sup></i>"),
        ("p < 0.05", "<i>p &lt; 0.05</i>"),
        (r"\alpha=\beta", "<i>α = β</i>"),
        (r"\frac{1}{2}", r"<code>\frac{1}{2}</code>"),
        (r"\sqrt{x<y}", r"<code>\sqrt{x&lt;y}</code>"),
    ],
)
def test_a_formula_reads_right_where_there_is_no_mathml(tex: str, html: str) -> None:
    assert for_mail(abstract_html(f"是 ${tex}$。")) == f"<p>是 {html}。</p>"


# --- Once, and only when it was taken --------------------------------------------------------------------------


def test_every_subscriber_gets_a_day_once(box: Postbox) -> None:
    everybody = five_subscribers()
    published()
    assert tell() == 5
    assert tell() == 0
    assert sorted(box.to()) == everybody
    assert box.connections == 1, "one connection for all of them"


def test_a_post_published_again_is_not_mailed_again(box: Postbox) -> None:
    subscriber()
    post = published()
    tell()
    post.withdraw(chief(), "wrong")
    post.publish(chief())
    assert tell() == 0


def test_who_came_after_the_post_gets_the_next_one(box: Postbox) -> None:
    published()
    subscriber(confirmed_at=NOON + dt.timedelta(seconds=1))
    assert tell() == 0


@pytest.mark.parametrize("state", [{"confirmed_at": None}, {"left_at": NOON}])
def test_nobody_else_gets_letters(box: Postbox, state: dict[str, object]) -> None:
    subscriber(**state)
    published()
    assert tell() == 0


def test_who_leaves_while_the_letters_go_out_gets_none(box: Postbox) -> None:
    reader = subscriber()
    published()
    outbox.find()
    subscriptions.leave(reader)
    outbox.deliver(5)
    assert box.letters == []


def test_a_post_withdrawn_before_its_letters_went_out_is_not_mailed(box: Postbox) -> None:
    subscriber()
    post = published()
    outbox.find()
    post.withdraw(chief(), "wrong")
    outbox.deliver(5)
    assert box.letters == []


def test_an_empty_post_is_mailed_when_something_of_it_is_public(box: Postbox) -> None:
    subscriber()
    post = make_post(DAY, published=True)
    assert tell() == 0
    make_entry(post)
    assert tell() == 1


def test_an_old_post_is_not_mailed(box: Postbox) -> None:
    subscriber()
    make_entry(make_post(dt.date(2025, 3, 3), published=True))
    assert tell() == 0


def test_a_run_takes_no_longer_than_it_may(box: Postbox) -> None:
    five_subscribers()
    published()
    outbox.find()
    assert outbox.deliver(0)["told"] == 0
    assert outbox.deliver(20, stop=lambda: len(box.letters) == 2)["told"] == 2
    assert outbox.deliver(20)["told"] == 3


def test_a_long_run_beats_so_that_nobody_takes_the_cluster_for_wedged(box: Postbox) -> None:
    five_subscribers()
    published()
    tasks.tell()
    assert len(box.letters) == 5
    assert Beat.objects.filter(name="worker").exists()


def test_two_processes_do_not_both_send(box: Postbox) -> None:
    five_subscribers()
    published()
    outbox.find()
    jobs.claim([Job.Kind.NOTIFY])
    assert outbox.deliver(20)["told"] == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_killed_goes_on_where_it_was(box: Postbox) -> None:
    """kill -9 while the third letter is on the wire: the next run sends it and the rest, to each once."""
    everybody = five_subscribers()
    published()
    surroundings = os.environ | {
        "DATABASE_URL": database_address(),
        "EMAIL_URL": f"smtp://127.0.0.1:{box.port}",
        "NOW": NOON.isoformat(),
        "REDIS_URL": "",
    }
    command = [sys.executable, "manage.py", "tell"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, env=surroundings, cwd=root, stdout=subprocess.PIPE) as first:
        box.before_yes = lambda number: first.kill() if number == 3 else None
        box.answers["LETTER"] = ["250 taken", "250 taken", "451 killed"]
        first.communicate(timeout=30)
    assert len(box.letters) == 2
    box.before_yes = lambda number: None
    assert tell() == 3
    assert sorted(box.to()) == everybody


def test_a_repeated_letter_is_known_as_such(box: Postbox) -> None:
    """A crash between the server's yes and our note of it: the second one has the same Message-ID."""
    subscriber()
    published()
    tell()
    Job.objects.filter(subject__startswith="mail:").update(state=Job.State.QUEUED)
    tell()
    first, second = box.letters
    assert first["Message-ID"] == second["Message-ID"]


# --- What the mail server answers ------------------------------------------------------------------------------


def test_a_server_that_hangs_up_between_two_letters_is_called_again(box: Postbox) -> None:
    everybody = five_subscribers()
    published()
    box.hang_up_after = 2
    assert tell() == 5
    assert sorted(box.to()) == everybody and box.connections == 3


@pytest.mark.parametrize("verb", ["RCPT", "LETTER"])
def test_a_letter_that_is_refused_for_now_is_sent_later(box: Postbox, verb: str) -> None:
    subscriber()
    published()
    box.answers[verb] = ["451 4.7.1 Greylisted, come back"]
    assert tell() == 0
    job = Job.objects.get()
    assert (job.state, job.strikes, box.letters) == (Job.State.WAITING, 1, [])
    assert tell() == 0, "not before its time"
    assert later() == 1
    assert len(box.letters) == 1


def test_an_address_where_nobody_lives_is_given_up_and_the_others_are_not(box: Postbox) -> None:
    everybody = five_subscribers()
    published()
    box.answers["RCPT"] = ["550 5.1.1 <du0@example.org>: no such user"]
    assert tell() == 4
    assert sorted(box.to()) == everybody[1:]
    assert Job.objects.get(state=Job.State.DEAD).error_class == "no_such_address"


def test_the_third_letter_in_a_row_that_comes_back_is_the_last(box: Postbox) -> None:
    reader = subscriber(refusals=subscriptions.MOST_REFUSALS - 1)
    published()
    box.answers["RCPT"] = ["550 no such user"]
    tell()
    reader.refresh_from_db()
    assert not reader.is_active


def test_a_letter_that_arrives_forgives_those_that_came_back(box: Postbox) -> None:
    reader = subscriber(refusals=2)
    published()
    tell()
    reader.refresh_from_db()
    assert reader.refusals == 0


def test_a_server_that_dislikes_us_costs_no_subscriber(box: Postbox) -> None:
    """550 5.7.1 is said of our own address: every recipient would be refused alike."""
    reader = subscriber(refusals=2)
    published()
    box.answers["RCPT"] = ["550 5.7.1 your address is listed"]
    tell()
    reader.refresh_from_db()
    assert reader.is_active and reader.refusals == 2
    assert later() == 1


@pytest.mark.parametrize(
    ("verb", "answer"), [("AUTH", "535 5.7.8 bad password"), ("MAIL", "530 5.7.0 who are you"), ("EHLO", "")]
)
def test_a_server_that_will_not_have_us_ends_the_run_and_costs_no_letter_a_strike(
    box: Postbox, settings: pytest.FixtureRequest, verb: str, answer: str
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "digest", "hunter2222"
    five_subscribers()
    published()
    if answer:
        box.answers[verb] = [answer]
    else:
        box.__exit__()
    assert tell() == 0
    states = list(Job.objects.order_by("id").values_list("state", "strikes"))
    assert states == [(Job.State.WAITING, 0)] + [(Job.State.QUEUED, 0)] * 4, "one was tried, none is blamed"
    assert box.connections <= 1
    if answer:
        assert later() == 5


def test_a_bug_in_one_letter_does_not_stop_the_others(box: Postbox) -> None:
    five_subscribers()
    published()
    outbox.find()
    Job.objects.filter(subject__startswith="mail:").order_by("id").first().delete()
    jobs.enqueue(Job.Kind.NOTIFY, ["mail:x:y"], priority=5)
    assert outbox.deliver(20) == {"told": 4, "failed": 1}


def test_no_address_stands_in_a_log_or_in_the_job_table(
    box: Postbox, caplog: pytest.LogCaptureFixture, client: Client
) -> None:
    caplog.set_level(logging.DEBUG)
    ask(client, "secret.reader@example.org")
    Subscriber.objects.update(confirmed_at=NOON - dt.timedelta(days=1))
    subscriber("other.reader@example.org")
    published()
    box.answers["RCPT"] = [
        "450 4.2.1 <secret.reader@example.org>: full",
        "550 <other.reader@example.org> gone",
    ]
    box.answers["LETTER"] = ["554 5.6.0 to other.reader@example.org: no"]
    tell()
    later()
    written = caplog.text + "".join(f"{job.subject}{job.reason}" for job in Job.objects.all())
    assert "550" in written and "450" in written
    assert "reader@example.org" not in written


def test_the_counter_of_askers_is_forgotten_after_an_hour(client: Client, box: Postbox) -> None:
    for number in range(subscriptions.ASKED_BY_ONE + 1):
        last = ask(client, f"a{number}@example.org")
    assert last == 429
    cache.clear()
    assert ask(client, "b@example.org") == 200
