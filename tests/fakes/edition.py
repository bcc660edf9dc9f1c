"""The sample edition: both sample servers as one process, and the real pipeline run against them.

`python -m tests.fakes.edition serve` prints the environment that points at the servers as one line of JSON
and goes on until its standard input closes. `python -m tests.fakes.edition make`, run in that environment,
has `manage.py daily` do its work and then leaves the papers in all review states, by the models' own verbs.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import django

from tests.fakes import sample
from tests.fakes.arxiv import FakeArxiv, load_world
from tests.fakes.model import FakeModel

ROOT = Path(__file__).resolve().parent.parent.parent
LEFT_TO_DO = 1


def environment(arxiv: FakeArxiv, model: FakeModel) -> dict[str, str]:
    """The settings that make the sample servers arXiv and the model, at the sample's own time."""
    return {
        "ARXIV_API_URL": arxiv.api_url,
        "ARXIV_RSS_URL": arxiv.rss_url,
        "ARXIV_OAI_URL": arxiv.oai_url,
        "ARXIV_SITE_URL": arxiv.site_url,
        "ARXIV_DELAY_SECONDS": "0",
        "OPENAI_API_KEY": "sample",
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_MODEL": "sample-model",
        "NOW": sample.NOW,
    }


def fake_model() -> FakeModel:
    """A model that knows the sample papers in Chinese and misbehaves for three of them."""
    model = FakeModel(papers=sample.model_papers())
    for title, behaviour in sample.model_faults().items():
        model.fault_title(title, behaviour)
    return model


def serve() -> int:
    with FakeArxiv(load_world("sample")) as arxiv, fake_model() as model:
        print(json.dumps(environment(arxiv, model)), flush=True)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()
    return 0


def make() -> int:
    """Two days through the real pipeline, then what an editor would have done by nine in the morning."""
    django.setup()
    from digest_site import clock
    from papers.models import Beat
    from posts.models import DailyPost

    if DailyPost.objects.published().filter(date=sample.PUBLISHED_DAY).exists():
        return 0
    Beat.objects.update_or_create(name="sample", defaults={"at": clock.machine_now()})
    for day in (sample.PUBLISHED_DAY, sample.DRAFT_DAY):
        command = [sys.executable, "manage.py", "daily", "--day", f"{day:%F}", "--digest", "speech"]
        if subprocess.call(command, cwd=ROOT) not in (0, LEFT_TO_DO):
            return 1
    review()
    return 0


def review() -> None:
    """One day published (its last paper rejected), the next one in the middle of its review."""
    from django.contrib.auth import get_user_model

    from papers.models import Summary
    from posts.models import DailyPost

    editor = get_user_model().objects.filter(is_superuser=True).first()
    first, second = (
        DailyPost.objects.get(date=day, digest__slug="speech")
        for day in (sample.PUBLISHED_DAY, sample.DRAFT_DAY)
    )
    *good, last = Summary.objects.filter(paper__entries__post=first, status="needs_review").order_by(
        "paper__arxiv_id"
    )
    for summary in good:
        summary.approve(editor)
    last.reject(editor, "样例：与语音的关系不大")
    first.publish(editor)
    clean = Summary.objects.filter(paper__entries__post=second, status="needs_review", worst__in=["", "info"])
    if summary := clean.order_by("paper__arxiv_id").first():
        summary.approve(editor)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest_site.settings")
    try:
        sys.exit({"serve": serve, "make": make}[sys.argv[1]]())
    except KeyboardInterrupt:
        sys.exit(130)
