"""The room between arXiv and a reviewed Chinese text."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PapersConfig(AppConfig):
    name = "papers"
    verbose_name = "论文与译文"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registers the system checks

        post_migrate.connect(after_migrate, sender=self)


def after_migrate(**kwargs: Any) -> None:
    """What every installation has: arXiv's categories, the seed terms, the schedules."""
    from . import seeds

    seeds.plant()
