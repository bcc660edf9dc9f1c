"""`manage.py up`: what `make run` does after set-up. The real job, or the built-in sample edition.

With a model (a key, or a reachable Ollama) and a network the worker begins with arXiv's newest date.
With neither this says so, starts the sample arXiv and the sample model beside the site, and has the
real pipeline make the sample edition; they are chosen by nothing but addresses in the environment.
"""

import json
import os
import secrets
import select
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import requests
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from posts.management.commands.serve import HOST, require_free_port
from posts.operations import health

OLLAMA = "http://127.0.0.1:11434/v1"
LOGIN = "editor"
EDITION = "tests.fakes.edition"
FAKES_WITHIN = 30.0
INTERRUPTED = 130


class Command(BaseCommand):
    help = "准备好一切并启动网站和后台；没有密钥和网络时用内置的样例版"

    def handle(self, **options: Any) -> None:
        require_free_port(HOST)
        name, password = editor_login()
        environment = self.choose()
        if environment is None:
            environment = start_fakes()
            self.make_edition(environment)
        self.stdout.write(f"后台登录：http://127.0.0.1:{settings.PORT}/admin/  用户 {name}  密码 {password}")
        become_serve(environment)

    def choose(self) -> dict[str, str] | None:
        """The environment of the real job, or None where there is no model or no network."""
        environment = dict(os.environ)
        # Some servers want no key, OpenAI's own does; a copied .env.example names it without one.
        if not settings.OPENAI_API_KEY and settings.OPENAI_BASE_URL == settings.OPENAI_ITSELF:
            if not (model := ollama_model()):
                self.stdout.write("没有 OPENAI_API_KEY，本机也没有 Ollama：用内置的样例模型。")
                return None
            environment |= {"OPENAI_BASE_URL": OLLAMA, "OPENAI_MODEL": chosen_model() or model}
        if not reachable(f"{settings.ARXIV_SITE_URL}/"):
            self.stdout.write(f"连不上 {settings.ARXIV_SITE_URL}：用内置的样例 arXiv。")
            return None
        if sign := health.sample_edition():
            self.stdout.write(f"注意：{sign.message}。{sign.advice}。")
        self.stdout.write(
            "模型和网络都有：后台将列出、翻译、解读 arXiv 最新一日的论文，草稿在后台里等待审校。"
        )
        return environment

    def make_edition(self, environment: dict[str, str]) -> None:
        """Run the real pipeline against the samples, then leave papers in all review states."""
        status = subprocess.call(
            [sys.executable, "-m", EDITION, "make"], env=environment, cwd=settings.BASE_DIR
        )
        if status == INTERRUPTED:
            sys.exit(status)
        if status:
            raise CommandError("样例版没有做成，见上面的说明")


def become_serve(environment: dict[str, str]) -> NoReturn:
    """Go on as `manage.py serve`: one process less, and Ctrl-C reaches the right one."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(settings.BASE_DIR)
    os.execve(sys.executable, [sys.executable, "manage.py", "serve"], environment)


def start_fakes() -> dict[str, str]:
    """Start the sample servers as one process; the environment that points at them.

    They are in a session of their own, so that Ctrl-C does not take them away from a worker that is
    still ending, and go on until their standard input closes: that is when we, or what this process has
    become, end in whatever way.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", EDITION, "serve"],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=settings.BASE_DIR,
    )
    assert process.stdin and process.stdout
    ready, _, _ = select.select([process.stdout], [], [], FAKES_WITHIN)
    line = process.stdout.readline() if ready else ""
    if not line.startswith("{"):
        raise CommandError("样例服务器没有启动")
    os.set_inheritable(process.stdin.fileno(), True)
    return dict(os.environ) | json.loads(line)


def reachable(url: str) -> bool:
    try:
        requests.head(url, timeout=3, headers={"User-Agent": "arxiv-chinese-digest"})
    except requests.RequestException:
        return False
    return True


def ollama_model() -> str:
    """The first model of an Ollama on this machine; empty without one."""
    try:
        models = requests.get(f"{OLLAMA}/models", timeout=2).json().get("data") or []
    except (requests.RequestException, ValueError):
        return ""
    return models[0]["id"] if models else ""


def chosen_model() -> str:
    """The model that somebody set; the one that we suggest for OpenAI is no choice."""
    return settings.OPENAI_MODEL if settings.OPENAI_MODEL != settings.OPENAI_SUGGESTED else ""


def editor_login() -> tuple[str, str]:
    """The first login, made once; its password is kept where only the owner can read it."""
    path = Path(settings.DATA_DIR) / "editor_password"
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        known = path.read_text(encoding="utf-8").strip() if path.exists() else "（您设置的密码）"
        return users.filter(is_superuser=True).first().get_username(), known
    password = secrets.token_urlsafe(9)
    path.touch(mode=0o600)
    path.write_text(password, encoding="utf-8")
    users.create_superuser(LOGIN, password=password)
    return LOGIN, password
