"""The search index: its table, and what each engine needs beside it."""

import django.db.models.deletion
from django.db import migrations, models

FTS = """CREATE VIRTUAL TABLE posts_search_fts USING fts5(
    tokens, content='posts_searchtext', content_rowid='id', tokenize='ascii')"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE posts_searchtext ADD COLUMN vector tsvector")
        schema_editor.execute("CREATE INDEX posts_searchtext_vector ON posts_searchtext USING gin (vector)")
    else:
        schema_editor.execute(FTS)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE posts_searchtext DROP COLUMN vector")
    else:
        schema_editor.execute("DROP TABLE posts_search_fts")


class Migration(migrations.Migration):
    dependencies = [("papers", "0001_initial"), ("posts", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="SearchState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("generation", models.PositiveBigIntegerField(default=0)),
            ],
            options={"verbose_name": "检索进度", "verbose_name_plural": "检索进度", "default_permissions": ()},
        ),
        migrations.CreateModel(
            name="SearchText",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField(verbose_name="所见的公开时间")),
                ("facets", models.JSONField(verbose_name="分面")),
                ("tokens", models.TextField(verbose_name="词")),
                (
                    "paper",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="papers.paper",
                        verbose_name="论文",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="papers.revision",
                        verbose_name="修订",
                    ),
                ),
            ],
            options={"verbose_name": "检索文字", "verbose_name_plural": "检索文字", "default_permissions": ()},
        ),
        migrations.RunPython(create, drop),
    ]
