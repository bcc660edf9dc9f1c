"""`manage.py resume`: let model work go on after a bad key, an empty balance or an unknown model."""

from typing import Any

from django.core.management.base import BaseCommand

from papers import pipeline


class Command(BaseCommand):
    help = "解除模型调用的暂停"

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"resumed={pipeline.clear_halt()}")
