"""The room between reviewed papers and a reader."""

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class PostsConfig(AppConfig):
    name = "posts"
    verbose_name = "日报"

    def ready(self) -> None:
        # The last app to have its tables, so that schedules and followed categories have theirs.
        last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
        post_migrate.connect(after_migrate, sender=last)
        from . import edits

        edits.watch()


def after_migrate(**kwargs: Any) -> None:
    """Schedules, the default digest, the groups, and the categories that digests follow."""
    from papers import tasks as papers_tasks

    from . import seeds, tasks
    from .models import Digest

    papers_tasks.install_schedules(papers_tasks.SCHEDULES | tasks.SCHEDULES)
    seeds.plant()
    Digest.follow_categories()
