"""The doors that strangers knock at: the login, the report form, crafted identifiers, deployment settings."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.harvest import Arxiv, SourceError
from papers.taxonomy import parse_id
from posts.views import reports
from tests.base import make_public_paper, make_user

ROOT = Path(__file__).resolve().parents[2]
CRAFTED = ["2601.00001/../../admin", "//evil.example/2601.00001", "2601.00001?x", "2601.00001#x", "2601.00001@evil.example",
           "hep-th/../9901001", "http://evil.example", "２６０１.００００１", "2601.00001\r\nHost: evil", "file:///etc/passwd"]  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


@pytest.mark.django_db
def test_guessing_a_password_is_slowed_down_and_the_right_one_waits_too(client: Client) -> None:
    make_user("victim")
    guess = {"username": "victim", "password": "wrong"}
    answers = [client.post("/admin/login/", guess).status_code for _ in range(9)]
    assert answers[-1] == 429
    assert (
        client.post("/admin/login/", {"username": "victim", "password": "correct horse"}).status_code == 429
    )
    other = Client(REMOTE_ADDR="203.0.113.9")
    assert other.post("/admin/login/", {"username": "victim", "password": "correct horse"}).status_code == 302


@pytest.mark.django_db
def test_one_reader_reports_so_often_and_no_more(client: Client) -> None:
    papers = [make_public_paper() for _ in range(reports.BY_ONE_AN_HOUR + 1)]
    answers = [client.post(f"/papers/{one.arxiv_id}/report/", {"message": "x"}).status_code for one in papers]
    assert answers == [200] * reports.BY_ONE_AN_HOUR + [429]
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert elsewhere.post(f"/papers/{papers[-1].arxiv_id}/report/", {"message": "x"}).status_code == 200


@pytest.mark.django_db
def test_a_paper_takes_so_many_open_reports_whoever_sends_them() -> None:
    paper = make_public_paper()
    for number in range(reports.OPEN_REPORTS_A_PAPER + 5):
        robot = Client(REMOTE_ADDR=f"203.0.113.{number}")
        robot.post(f"/papers/{paper.arxiv_id}/report/", {"message": "buy"})
    assert paper.reports.count() == reports.OPEN_REPORTS_A_PAPER


@pytest.mark.parametrize("name", CRAFTED)
def test_what_only_looks_like_an_identifier_is_never_asked_for(name: str) -> None:
    asked: list[str] = []
    arxiv = no_arxiv(asked)
    for ask in (lambda: arxiv.pdf(name, 1), lambda: arxiv.html(name, None), lambda: arxiv.metadata([name])):
        with pytest.raises((ValueError, SourceError)):
            ask()
    assert asked == []


def no_arxiv(asked: list[str]) -> Arxiv:
    """An arXiv that nobody can reach, and that notes whoever tries."""

    def turn() -> Any:
        asked.append("a request")
        raise AssertionError

    nowhere = "http://127.0.0.1:9"
    return Arxiv(
        api_url=nowhere, rss_url=nowhere, oai_url=nowhere, site_url=nowhere, contact="", wait_turn=turn, now=lambda: None
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("0123456789./-vhepth%:@?#\\ \n．０"), max_size=24))
def test_an_identifier_is_safe_in_every_address(text: str) -> None:
    if found := parse_id(text):
        assert set(found.id) <= set("0123456789./-abcdefghijklmnopqrstuvwxyz")
        assert ".." not in found.id and "//" not in found.id and not found.id.startswith("/")


@pytest.mark.parametrize(
    "address", ["/%2Fevil.example", "/\\evil.example", "/papers/../../../etc/passwd", "/papers//evil"]
)
def test_no_address_sends_a_reader_elsewhere(client: Client, address: str, db: None) -> None:
    """CommonMiddleware and our own redirects to canonical names complete addresses that strangers wrote."""
    response = client.get(address)
    assert response.status_code in (301, 400, 404)
    assert not response.headers.get("Location", "").startswith(("//", "/\\", "http"))


@pytest.mark.django_db
def test_a_foreign_host_name_is_refused(client: Client) -> None:
    assert client.get("/admin/login/", headers={"Host": "evil.example"}).status_code == 400


def test_a_site_on_https_passes_djangos_deployment_checks() -> None:
    environment = os.environ | {
        "SITE_URL": "https://digest.example.org",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "no",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout
