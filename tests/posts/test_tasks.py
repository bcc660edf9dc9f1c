"""What the worker does for readers before they come."""

import pytest

from posts import tasks
from posts.models import Rendered, SearchText
from tests import base

pytestmark = pytest.mark.django_db


def test_the_worker_renders_and_indexes_what_became_public() -> None:
    paper = base.make_public_paper("2601.19786")
    tasks.assemble()
    assert Rendered.objects.filter(revision=paper.summary.public).exists()
    assert SearchText.objects.filter(paper=paper).exists()


def test_what_nobody_may_see_is_neither_rendered_nor_indexed() -> None:
    summary = base.make_summary("needs_review")
    base.make_entry(base.make_post(published=True), summary)
    tasks.assemble()
    assert not Rendered.objects.exists()
    assert not SearchText.objects.exists()
