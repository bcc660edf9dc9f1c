"""`manage.py summarize`: translate, get the full text, read; in the foreground, waiting jobs are due."""

from typing import Any

from django.core.management.base import CommandParser

from posts import daily
from posts.management.base import Bars, DigestCommand, Usage


class Command(DigestCommand):
    help = "翻译、取全文、写解读（同时进行的模型调用数见 LLM_CONCURRENCY）"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--day", help="公布日，默认最新一日")
        parser.add_argument("--limit", type=int, help="最多处理几篇")

    def handle(self, **options: Any) -> None:
        if options["limit"] is not None and options["limit"] < 1:
            raise Usage("--limit 至少为 1")
        bars = Bars()
        try:
            days = [self.day_or_newest(options)]
            runs = daily.summarize(self.digests(options), days, limit=options["limit"], tell=bars)
        finally:
            bars.close()
        self.report(runs)
