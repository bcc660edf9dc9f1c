"""`manage.py fetch`: list what arXiv announced, store the papers, show the ledger."""

import datetime as dt
import json
import sys
from typing import Any

from django.core.management.base import CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from papers import batches, ledger, pipeline
from posts import daily, ledgers
from posts.management.base import LEFT, Bars, DigestCommand, Usage, day


class Command(DigestCommand):
    help = "列出 arXiv 某日（默认最新一日）公布的论文并存下来；对过去的日期也可随时重复"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--day", help="公布日，如 2026-01-28")
        parser.add_argument("--since", help="从这一日起")
        parser.add_argument("--until", help="到这一日止")
        parser.add_argument("--json", action="store_true", help="账目以 JSON 输出，供监控使用")

    def handle(self, **options: Any) -> None:
        digests, days = self.digests(options), self.days(options)
        # A range is a long way: a run that was cut off goes on where it was.
        again = not options["since"]
        self.announce(
            digests, days if again else pipeline.without_just_listed(days, daily.union(digests)), of=len(days)
        )
        bars = Bars()
        try:
            runs = daily.fetch(digests, days, again=again, tell=bars)
        finally:
            bars.close()
        found = [book for digest in digests for book in ledgers.books(digest, days)]
        if options["json"]:
            self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
            if any(run.left for run in runs):
                sys.exit(LEFT)
            return
        for line in table(found):
            self.stdout.write(line)
        self.report(runs)

    def days(self, options: dict[str, Any]) -> list[dt.date]:
        if not (options["since"] or options["until"]):
            one = self.day_or_newest(options)
            pipeline.require_announced(one)
            return [one]
        if options["day"] or not options["since"]:
            raise Usage("--since 与 --until 一起用，不能与 --day 同用")
        newest = daily.default_day()
        since = day(options["since"])
        until = min(day(options["until"]), newest) if options["until"] else newest
        found = [one for one in batches.weekdays(since, until) if is_listed(one)]
        if not found:
            raise Usage(f"{since:%F} 到 {until:%F} 之间没有 arXiv 的公布日")
        return found


def is_listed(one: dt.date) -> bool:
    return batches.is_announcement_day(one) or ledger.has_listing(one)


def table(found: list[dict[str, Any]]) -> list[str]:
    """The ledgers, one line a category, and one of the whole date."""
    lines: list[str] = []
    for book in found:
        lines += [_category_line(book, category) for category in book["categories"]]
        lines.append(_day_line(book))
        lines += [f"    {_difference(source, ids)}" for source, ids in book["differences"].items()]
        if lacking := book["never_had"]:
            lines.append(f"    旧站没有的 {len(lacking)} 篇：{'、'.join(lacking)}")
    return lines


def _category_line(book: dict[str, Any], category: dict[str, Any]) -> str:
    printed = "—" if category["printed"] is None else category["printed"]
    sources = "，".join(
        f"{ledger.source_name(name)} {number}" for name, number in category["by_source"].items()
    )
    extra = [f"补录 {category['late']}"] if category["late"] else []
    extra += [f"替换 {category['replaced']}"] if category["replaced"] else []
    return (
        f"{book['date']:%F}  {category['code']:<8}  公布 {printed}  存 {category['stored']}  {sources or '—'}  "
        f"{'，'.join(extra)}  {category['trouble']}"
    ).rstrip()


def _day_line(book: dict[str, Any]) -> str:
    held = "，".join(f"{rule} {number}" for rule, number in book["held"].items())
    state = "没有公布" if book["silent"] else ledgers.word_of(book["colour"], book["waiting"])
    announced = "—" if book["unread"] else book["announced"]
    return (
        f"{book['date']:%F}  {book['digest']:<8}  公布 {announced}  存 {book['stored']}  译 {book['translated']}  "
        f"解读 {book['analysed']}  通过 {book['approved']}  公开 {book['shown']}  "
        f"未列 {sum(book['held'].values())}{f'（{held}）' if held else ''}  {state}"
    )


def _difference(source: str, ids: list[str]) -> str:
    return f"只有{ledger.side(source)}有的 {len(ids)} 篇：{'、'.join(ids)}"
