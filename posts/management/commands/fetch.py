"""`manage.py fetch`: list what arXiv announced, store the papers, show the ledger."""

from typing import Any

from django.core.management.base import CommandParser

from papers import batches, pipeline
from posts import daily
from posts.management.base import Bars, DigestCommand, Usage, day


class Command(DigestCommand):
    help = "列出 arXiv 某日（默认最新一日）公布的论文并存下来；对过去的日期也可随时重复"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--day", help="公布日，如 2026-01-28")
        parser.add_argument("--since", help="从这一日起")
        parser.add_argument("--until", help="到这一日止")

    def handle(self, **options: Any) -> None:
        bars = Bars()
        try:
            runs = daily.fetch(self.digests(options), self.days(options), tell=bars)
        except pipeline.NotYet as error:
            raise Usage(str(error)) from error
        finally:
            bars.close()
        for run in runs:
            for line in run.ledger.categories:
                printed = "—" if line.printed is None else line.printed
                sources = "，".join(f"{name} {number}" for name, number in line.by_source.items())
                self.stdout.write(
                    f"  {run.day:%F} {line.code:<10} 公布 {printed} 存 {line.stored}  {sources}"
                )
        self.report(runs)

    def days(self, options: dict[str, Any]) -> list[Any]:
        if options["since"] or options["until"]:
            if options["day"] or not options["since"]:
                raise Usage("--since 与 --until 一起用，不能与 --day 同用")
            until = day(options["until"]) if options["until"] else daily.default_day()
            return batches.between(day(options["since"]), until)
        return [self.day_or_newest(options)]
