"""The settings: where values come from, what is refused and how it is said, and that a production site is safe."""

import os
import re
import runpy
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
# Fixed by DESIGN §5: other programs rely on these names.
CONTRACT = [
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "SITE_URL",
    "DATABASE_URL",
    "REDIS_URL",
    "ARXIV_API_URL",
    "ARXIV_RSS_URL",
    "ARXIV_OAI_URL",
    "ARXIV_SITE_URL",
    "ARXIV_DELAY_SECONDS",
    "ARXIV_CONTACT",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "OPENAI_ANALYSIS_MODEL",
    "LLM_CONCURRENCY",
    "LLM_PRICE_INPUT",
    "LLM_PRICE_OUTPUT",
    "LLM_DAILY_BUDGET",
    "PING_URL",
    "NOTIFY_URLS",
    "EMAIL_URL",
    "PORT",
    "NOW",
]
PRODUCTION = {
    "SITE_URL": "https://digest.example.org",
    "SECRET_KEY": "uQ7vW2xY9zA4bC6dE8fG1hJ3kL5mN0pR-sT7uV9wX2yZ4aB6cD8eF",
    "DEBUG": "no",
    "REDIS_URL": "",
}
ALL = sorted(set(re.findall(r"^([A-Z_]+)=", EXAMPLE, re.M)))


def settings_with(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    """The settings of a process that has these variables and no others of ours."""
    for name in ALL:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.setattr(environ.Env, "read_env", lambda path: None)  # a developer's own .env
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOT / "digest_site/settings.py"))


@pytest.mark.parametrize("name", CONTRACT)
def test_every_variable_of_the_contract_is_in_the_example(name: str) -> None:
    assert name in ALL


def test_every_variable_is_in_the_operators_manual() -> None:
    manual = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert [name for name in ALL if f"`{name}`" not in manual] == []


def test_the_example_states_the_true_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever copies .env.example unchanged gets what an empty environment gives."""
    plain = settings_with(monkeypatch)
    copied = settings_with(monkeypatch, **dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.M)))
    names = [name for name in plain if name.isupper() and name not in ("Q_CLUSTER",)]
    assert {name: copied[name] for name in names} == {name: plain[name] for name in names}


def test_any_value_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-from-a-file\n")
    (tmp_path / "price").write_text("1.5\n")
    values = settings_with(
        monkeypatch, OPENAI_API_KEY_FILE=f"{tmp_path}/key", LLM_PRICE_INPUT_FILE=f"{tmp_path}/price"
    )
    assert values["OPENAI_API_KEY"] == "sk-from-a-file"
    assert values["LLM_PRICE_INPUT"] == Decimal("1.5")


def test_a_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="OPENAI_API_KEY_FILE"):
        settings_with(monkeypatch, OPENAI_API_KEY_FILE=f"{tmp_path}/nothing")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("WORKERS", "0"),
        ("LLM_CONCURRENCY", "-1"),
        ("LLM_CONCURRENCY", "0"),
        ("ARXIV_DELAY_SECONDS", "three"),
        ("LLM_DAILY_BUDGET", "5 yuan"),
        ("LLM_PRICE_INPUT", "-1"),
        ("NOW", "yesterday"),
        ("NOW", "2026-01-28T00:00:00"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "oracle://db"),
        ("EMAIL_URL", "post office"),
        ("SITE_URL", "digest.example.org"),
        ("OPENAI_BASE_URL", "api.example.org/v1"),
        ("PING_URL", "hc-ping"),
        ("LOG_LEVEL", "LOUD"),
        ("LEASE_SECONDS", "1"),
        ("PORT", "70000"),
        ("WORKERS", "²"),
        ("WEB_WORKERS", "0"),
        ("LLM_DEADLINE_SECONDS", "0"),
        ("LLM_CONTEXT_TOKENS", "0"),
        ("ARXIV_SITE_URL", "arxiv.org"),
        ("ARXIV_CONTACT", "张三 <zhang@example.org>"),
        ("OPENAI_API_KEY", "sk-“quoted”"),
        ("ALLOWED_HOSTS", "https://digest.example.org"),
        ("SITE_URL", "https://example.org/digest"),
        ("REDIS_URL", "localhost:6379"),
        ("DEFAULT_FROM_EMAIL", "the digest"),
        ("LOG_JSON", "maybe"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        settings_with(monkeypatch, **{name: value})


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PING_URL", "OPENAI_BASE_URL"])
def test_an_address_that_is_refused_is_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        settings_with(monkeypatch, **{name: "gopher://user:hunter22@host"})
    assert "hunter22" not in str(refused.value)


def test_the_environment_counts_more_than_the_file_of_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`.env` fills in what the environment does not say."""
    (tmp_path / ".env").write_text("OPENAI_MODEL=from-the-file\nPORT=8123\n")
    read_env = environ.Env.read_env
    monkeypatch.setenv("OPENAI_MODEL", "x")  # remembered, so that what read_env sets is undone
    monkeypatch.setenv("PORT", "x")
    values = settings_with(monkeypatch)
    monkeypatch.setattr(environ.Env, "read_env", lambda path: read_env(tmp_path / ".env"))
    monkeypatch.setenv("OPENAI_MODEL", "from-the-environment")
    values = runpy.run_path(str(ROOT / "digest_site/settings.py"))
    assert (values["OPENAI_MODEL"], values["PORT"]) == ("from-the-environment", 8123)


@pytest.mark.parametrize(
    ("url", "host", "port", "secure"),
    [
        (
            "smtp+ssl://digest%40example.org:p%2Fw@mail.example.org:465",
            "mail.example.org",
            465,
            "EMAIL_USE_SSL",
        ),
        ("smtp+tls://digest:pw@mail.example.org:587", "mail.example.org", 587, "EMAIL_USE_TLS"),
        ("smtp://127.0.0.1:25", "127.0.0.1", 25, ""),
    ],
)
def test_a_mail_server_is_one_address(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str, port: int, secure: str
) -> None:
    values = settings_with(monkeypatch, EMAIL_URL=url)
    assert (values["EMAIL_HOST"], values["EMAIL_PORT"], values["MAIL_ON"]) == (host, port, True)
    assert not secure or values[secure]
    if "%40" in url:
        assert (values["EMAIL_HOST_USER"], values["EMAIL_HOST_PASSWORD"]) == ("digest@example.org", "p/w")


def test_addresses_of_chats_are_separated_by_space_or_comma(monkeypatch: pytest.MonkeyPatch) -> None:
    values = settings_with(monkeypatch, NOTIFY_URLS="tgram://a/b  json://c/d,\nmailto://e")
    assert values["NOTIFY_URLS"] == ["tgram://a/b", "json://c/d", "mailto://e"]


def test_every_place_that_takes_a_secret_takes_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = {
        "SECRET_KEY": "k" * 50,
        "DATABASE_URL": "postgres://u:p@db/x",
        "REDIS_URL": "redis://:p@cache:6379/0",
        "EMAIL_URL": "smtp://u:p@mail:25",
        "NOTIFY_URLS": "json://127.0.0.1/x",
        "PING_URL": "https://ping.example/1",
    }
    for name, value in secrets.items():
        (tmp_path / name).write_text(value + "\n")
    files = {f"{name}_FILE": str(tmp_path / name) for name in secrets}
    values = settings_with(monkeypatch, **files)
    assert values["SECRET_KEY"] == "k" * 50 and values["PING_URL"] == "https://ping.example/1"
    assert values["DATABASES"]["default"]["PASSWORD"] == "p" and values["EMAIL_HOST_PASSWORD"] == "p"
    assert values["REDIS_URL"] == secrets["REDIS_URL"] and values["NOTIFY_URLS"] == [secrets["NOTIFY_URLS"]]


def test_the_defaults_work_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = settings_with(monkeypatch)
    assert values["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert values["SITE_URL"] == "http://127.0.0.1:8000" and not values["DEBUG"] and not values["MAIL_ON"]
    assert len(values["SECRET_KEY"]) >= 50 and values["NOTIFY_URLS"] == []


def test_a_budget_and_a_price_are_none_and_never_zero_when_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    values = settings_with(monkeypatch)
    assert values["LLM_DAILY_BUDGET"] is None
    assert values["LLM_PRICE_OUTPUT"] is None


@pytest.mark.parametrize("workers", ["1", "2", "3", "8"])
@pytest.mark.parametrize("deadline", ["1", "300", "900"])
def test_the_queue_never_hands_out_what_still_runs(
    monkeypatch: pytest.MonkeyPatch, workers: str, deadline: str
) -> None:
    q = settings_with(monkeypatch, WORKERS=workers, LLM_DEADLINE_SECONDS=deadline)["Q_CLUSTER"]
    rounds = -(-(q["queue_limit"] + q["bulk"]) // q["workers"]) + 1
    assert q["retry"] >= rounds * (q["timeout"] + 5)
    assert q["timeout"] > int(deadline)
    assert q["ack_failures"] and q["max_attempts"] == 1 and not q["catch_up"] and q["save_limit"] == -1


def test_an_https_site_keeps_its_cookies_there(monkeypatch: pytest.MonkeyPatch) -> None:
    values = settings_with(monkeypatch, **PRODUCTION)
    assert values["SESSION_COOKIE_SECURE"] and values["CSRF_COOKIE_SECURE"] and values["SECURE_SSL_REDIRECT"]
    assert values["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert not values["DEBUG"]


def test_every_secret_is_known_to_the_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {
        "OPENAI_API_KEY": "sk-1234567890",
        "SECRET_KEY": "s" * 50,
        "DATABASE_URL": "postgres://digest:hunter2222@db/digest",
        "REDIS_URL": "redis://:hunter3333@cache:6379/0",
        "EMAIL_URL": "smtp+ssl://user:hunter4444@mail:465",
        "NOTIFY_URLS": "tgram://123456789:abcdef/42",
        "PING_URL": "https://hc-ping.example/8f2e",
    }
    known = settings_with(monkeypatch, **secret)["SECRETS"]
    assert set(secret.values()) <= set(known)


def test_a_production_site_passes_the_deployment_checks(tmp_path: Path) -> None:
    surroundings = os.environ | PRODUCTION | {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_nothing_that_is_committed_looks_like_a_key() -> None:
    found = subprocess.run(
        ["git", "grep", "-nIE", r"sk-(proj-|live-)?[A-Za-z0-9]{24,}|-----BEGIN [A-Z ]*PRIVATE KEY"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert found.stdout == ""
