"""`manage.py daily`: the main job, from announcement to draft post."""

from typing import Any

from django.core.management.base import CommandParser

from papers import pipeline
from posts import daily
from posts.management.base import Bars, DigestCommand


class Command(DigestCommand):
    help = "补齐先前未完的日期，再列出、翻译、解读并编成某日的草稿"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--day", help="公布日，默认最新一日")

    def handle(self, **options: Any) -> None:
        digests, day = self.digests(options), self.day_or_newest(options)
        pipeline.require_announced(day)
        self.announce(digests, [*daily.open_before(digests, day), day])
        bars = Bars()
        try:
            runs = daily.run_daily(digests, day, tell=bars)
        finally:
            bars.close()
        self.report(runs)
