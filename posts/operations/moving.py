"""Moving house: everything from one database into another, from SQLite to PostgreSQL or back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql import InsertQuery

from digest_site.database import database_of
from papers.models import Paper
from posts.models import SearchState, SearchText

CHUNK = 500
INDEX = (SearchText, SearchState)


class Mismatch(Exception):
    """A table has other rows there than here."""


@contextmanager
def opened(address: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection to another database, with the options that ours has, under the alias `other`."""
    given = database_of(address)
    connections.databases["other"] = connections.configure_settings({"default": given})["default"]
    try:
        yield connections["other"]
    finally:
        connections["other"].close()
        del connections["other"]
        del connections.databases["other"]


def copy_everything(other: BaseDatabaseWrapper) -> dict[str, int]:
    """Every row of every table into `other`, which is migrated; what it had is replaced. Rows by table.

    All in one transaction with keys, times and states as they are: nothing is computed anew. The search
    index is not copied, since each engine has its own; it fills itself at the first search. On a
    mismatch of counts nothing is kept.

    :raises Mismatch: a table has other rows there than here.
    """
    everything = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    tables = [model for model in everything if model not in INDEX]
    with transaction.atomic(using=other.alias), other.constraint_checks_disabled():
        for model in reversed(everything):
            model._base_manager.using(other.alias)._raw_delete(other.alias)
        if other.vendor == "sqlite":
            with other.cursor() as cursor:
                cursor.execute("INSERT INTO posts_search_fts(posts_search_fts) VALUES('delete-all')")
        copied = {model._meta.db_table: _copy(model, other) for model in tables}
        with other.cursor() as cursor:
            for statement in other.ops.sequence_reset_sql(no_style(), tables):
                cursor.execute(statement)
        other.check_constraints()
        for model in tables:
            _require_same(model, other)
    return copied


def _copy(model: type[models.Model], other: BaseDatabaseWrapper) -> int:
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    number, rows = 0, []
    for row in model._base_manager.order_by("pk").iterator(chunk_size=CHUNK):
        rows.append(row)
        if len(rows) == CHUNK:
            number, rows = number + _insert(model, fields, rows, other), []
    return number + _insert(model, fields, rows, other)


def _insert(model: Any, fields: Any, rows: list[Any], other: BaseDatabaseWrapper) -> int:
    """`raw`: a field that sets itself on saving (auto_now) is copied like the others."""
    size = other.ops.bulk_batch_size(fields, rows) if rows else 1
    for start in range(0, len(rows), size):
        query = InsertQuery(model)
        query.insert_values(fields, rows[start : start + size], raw=True)
        query.get_compiler(using=other.alias).execute_sql()
    return len(rows)


def _require_same(model: type[models.Model], other: BaseDatabaseWrapper) -> None:
    ours, theirs = model._base_manager.count(), model._base_manager.using(other.alias).count()
    if ours != theirs:
        raise Mismatch(f"{model._meta.db_table}: {ours} rows here, {theirs} there")


def has_papers(other: BaseDatabaseWrapper) -> bool:
    return Paper.objects.using(other.alias).exists()
