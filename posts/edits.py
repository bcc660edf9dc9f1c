"""Edits that are no verbs, in the admin or anywhere else, and show on public pages all the same.

Tags, terms, digests and people's names: whoever saves one counts a change of the public, so that no page
is older than the tables. What a paper is tagged with is searched for, too.
"""

from typing import Any

from django.conf import settings
from django.db.models.signals import m2m_changed, post_save, pre_delete
from taggit.models import Tag, TaggedItem

from papers.models import Generation, Paper, Term
from posts import search_index
from posts.models import DailyPost, Digest, Entry

SHOWN = [Tag, Term, Digest, settings.AUTH_USER_MODEL]
# Signing in is no edit.
SILENT_FIELDS = frozenset(["last_login", "password"])


def watch() -> None:
    """Begin to listen; called once, when all models are there."""
    for model in SHOWN:
        post_save.connect(_saved, sender=model)
        pre_delete.connect(_saved, sender=model)
    m2m_changed.connect(_tagged, sender=TaggedItem)


def _saved(
    instance: Any, raw: bool = False, created: bool = False, update_fields: Any = None, **kwargs: Any
) -> None:
    shows = not created or isinstance(instance, Term | Digest)
    if raw or not shows or (update_fields and SILENT_FIELDS.issuperset(update_fields)):
        return
    if isinstance(instance, Tag):
        search_index.forget(Paper.objects.filter(tags=instance))
    Generation.bump()


def _tagged(instance: Any, action: str, pk_set: set[int] | None = None, **kwargs: Any) -> None:
    if not action.startswith("post_") or (pk_set is not None and not pk_set):
        return
    if isinstance(instance, Paper):
        search_index.forget(Paper.objects.filter(pk=instance.pk))
    if _is_public(instance):
        Generation.bump()


def _is_public(instance: Any) -> bool:
    if isinstance(instance, DailyPost):
        return instance.status == DailyPost.Status.PUBLISHED
    return Entry.objects.public().filter(paper=instance.pk).exists()
