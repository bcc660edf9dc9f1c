"""What a log line says, and what it never says."""

import json
import logging

import pytest

from digest_site import logs
from papers import jobs, pipeline
from papers.models import Halt, Job

KEY = "sk-proj-0123456789abcdef"
ADDRESS = "postgres://digest:p4ssw0rd-1234@db.example:5432/digest"


def line(message: str, *args: object, as_json: bool = False, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("papers.work", logging.WARNING, __file__, 1, message, args, info)
    return logs.Line([KEY, ADDRESS], as_json=as_json).format(record)


def test_a_line_names_the_paper_that_it_is_about() -> None:
    with logs.about("translate 2601.19786"):
        assert "WARNING papers.work [translate 2601.19786] slow" in line("slow")
    assert "[" not in line("slow")


def test_a_line_can_be_json() -> None:
    with logs.about("analyse 2601.00001"):
        fields = json.loads(line("took %d s", 3, as_json=True))
    assert fields["about"] == "analyse 2601.00001"
    assert fields["message"] == "took 3 s"
    assert fields["time"].endswith("Z")


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}",
        f"cannot connect to {ADDRESS}",
        'password authentication failed for "p4ssw0rd-1234"',
        "header Authorization: Bearer abcdefghijk",
        "another key sk-live-99999999 leaked",
        "redis://:another-secret@cache:6379/0 refused",
    ],
)
def test_no_secret_stands_in_a_line(text: str) -> None:
    shown = line("%s", text)
    for secret in (KEY, "p4ssw0rd", "abcdefghijk", "99999999", "another-secret"):
        assert secret not in shown
    assert logs.HIDDEN in shown


def test_no_secret_stands_in_a_traceback() -> None:
    try:
        raise RuntimeError(f"could not log in with {KEY}")
    except RuntimeError as error:
        shown = line("failed", error=error)
    assert "RuntimeError" in shown
    assert KEY not in shown


def test_a_line_break_in_a_message_cannot_forge_a_line() -> None:
    forged = "title\n2026-01-28T00:00:00Z ERROR papers all is lost"
    assert [one for one in line("%s", forged).splitlines() if one.startswith("2026-01-28T00:00:00Z")] == []


def test_a_line_break_in_an_error_cannot_forge_a_line() -> None:
    try:
        raise ValueError("title\n2026-01-28T00:00:00Z ERROR papers all is lost")
    except ValueError as error:
        first, *rest = line("failed", error=error).splitlines()
    assert rest and all(one.startswith("  ") for one in rest)


@pytest.mark.parametrize(
    ("address", "tokens"),
    [
        ("tgram://123456789:AAAbbbCCCdddEEEfff/-1001234/", {"123456789", "AAAbbbCCCdddEEEfff", "-1001234"}),
        ("slack://TAB12CD34/BAB12CD34/hW4kTzL9q/#ops", {"TAB12CD34", "BAB12CD34", "hW4kTzL9q"}),
        ("https://hc-ping.com/8f2e1c0a-1111-2222", {"8f2e1c0a-1111-2222"}),
        ("json://127.0.0.1:8000/notifications", set()),
        ("postgres://digest:hunter2222@db.internal:5432/digest_2026", {"hunter2222"}),
        ("mailto://digest:p%40ssw0rd@example.org", {"p%40ssw0rd", "p@ssw0rd"}),
    ],
)
def test_what_in_an_address_is_secret_is_known(address: str, tokens: set[str]) -> None:
    assert set(logs.secrets_in([address])) - {address} >= tokens
    words = {"127.0.0.1", "localhost", "notifications", "hc-ping.com", "digest_2026", "db.internal"}
    assert not words & set(logs.secrets_in([address]))


@pytest.mark.django_db
def test_no_secret_is_stored_with_a_job_or_a_halt(settings: pytest.FixtureRequest) -> None:
    settings.SECRETS = [KEY]
    jobs.enqueue(Job.Kind.TRANSLATE, ["2601.00001"])
    (job,) = jobs.claim([Job.Kind.TRANSLATE])
    jobs.give_up(job, "bad_key", f"Incorrect API key provided: {KEY}")
    pipeline.halts.halt("bad_key", f"Incorrect API key provided: {KEY}")
    assert KEY not in Job.objects.get().reason
    assert KEY not in Halt.objects.get().message


def test_what_fails_twice_a_second_is_said_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    seldom = logs.Seldom(60.0)

    def passes(message: str) -> bool:
        return seldom.filter(logging.LogRecord("django-q", logging.ERROR, __file__, 1, message, (), None))

    assert [passes("refused"), passes("refused"), passes("another")] == [True, False, True]
    now[0] += 61
    assert passes("refused")
