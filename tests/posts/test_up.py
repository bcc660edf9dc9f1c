"""`manage.py up` decides between the real job and the samples; arXiv and Ollama are real sockets, or none."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Thread

import pytest

from posts.management.commands import up
from posts.management.commands.up import Command

NOBODY = "http://127.0.0.1:9"


class Answers(BaseHTTPRequestHandler):
    """A list of one model for whoever asks, as Ollama gives it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"data": [{"id": "qwen3:8b"}]}).encode())

    do_HEAD = do_GET

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


@pytest.fixture(autouse=True)
def copied_example(settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a copied .env.example sets; no Ollama, no network."""
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "", settings.OPENAI_ITSELF
    settings.OPENAI_MODEL, settings.ARXIV_SITE_URL = settings.OPENAI_SUGGESTED, NOBODY
    monkeypatch.setenv("OPENAI_BASE_URL", settings.OPENAI_ITSELF)
    monkeypatch.setenv("OPENAI_MODEL", settings.OPENAI_SUGGESTED)
    monkeypatch.setattr(up, "OLLAMA", f"{NOBODY}/v1")


def chosen() -> tuple[dict[str, str] | None, str]:
    out = StringIO()
    return Command(stdout=out).choose(), out.getvalue()


def test_a_copied_example_without_a_key_shows_the_samples() -> None:
    environment, said = chosen()
    assert environment is None and "没有 OPENAI_API_KEY" in said


@pytest.mark.django_db
def test_ollama_works_with_its_own_model(
    settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    settings.ARXIV_SITE_URL = server
    monkeypatch.setattr(up, "OLLAMA", f"{server}/v1")
    environment, _ = chosen()
    assert environment and environment["OPENAI_MODEL"] == "qwen3:8b"
    settings.OPENAI_MODEL = "llama4"
    environment, _ = chosen()
    assert environment and environment["OPENAI_MODEL"] == "llama4"


@pytest.mark.django_db
def test_a_server_of_ones_own_needs_no_key(settings: pytest.FixtureRequest, server: str) -> None:
    settings.ARXIV_SITE_URL, settings.OPENAI_BASE_URL = server, f"{server}/v1"
    environment, said = chosen()
    assert environment is not None and "模型和网络都有" in said


def test_without_a_network_arxiv_is_the_sample(settings: pytest.FixtureRequest) -> None:
    settings.OPENAI_API_KEY = "sk-x"
    environment, said = chosen()
    assert environment is None and f"连不上 {NOBODY}" in said
