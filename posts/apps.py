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


def after_migrate(**kwargs: Any) -> None:
    """Install schedules and groups, and follow the categories of the digests that migrations made."""
    from papers import tasks as papers_tasks

    from . import daily, groups, tasks

    papers_tasks.install_schedules(papers_tasks.SCHEDULES | tasks.SCHEDULES)
    daily.follow_categories()
    groups.install()
