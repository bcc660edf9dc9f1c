"""Vectors in a table of their own, names from readings, and when the index was last brought up to date."""

from django.db import migrations, models

INDEX = "CREATE INDEX posts_search_vector_words ON posts_search_vector USING gin (vector)"


def create(apps, schema_editor):
    """The index is what each engine makes of the texts: emptied, it fills itself."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE posts_searchtext DROP COLUMN vector")
        schema_editor.execute("CREATE TABLE posts_search_vector (id bigint PRIMARY KEY, vector tsvector NOT NULL)")
        schema_editor.execute(INDEX)
        schema_editor.execute("TRUNCATE posts_searchtext")
    else:
        schema_editor.execute("DELETE FROM posts_searchtext")
        schema_editor.execute("INSERT INTO posts_search_fts(posts_search_fts) VALUES('delete-all')")
    schema_editor.execute("UPDATE posts_searchstate SET generation = 0")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TABLE posts_search_vector")
        schema_editor.execute("ALTER TABLE posts_searchtext ADD COLUMN vector tsvector")
        schema_editor.execute("CREATE INDEX posts_searchtext_vector ON posts_searchtext USING gin (vector)")


class Migration(migrations.Migration):
    dependencies = [("posts", "0005_refusals")]
    operations = [
        migrations.RunPython(create, drop),
        migrations.AlterField("searchtext", "seen_at", models.DateTimeField("所见的公开时间", db_index=True)),
        migrations.AddField("searchstate", "whole", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("searchstate", "looked_at", models.DateTimeField(null=True)),
    ]
