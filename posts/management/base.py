"""What the commands that work on digests share: options, exit status, progress bars, the last line."""

import datetime as dt
import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from papers import pipeline
from posts.daily import DayRun, default_day
from posts.models import Digest

DONE, LEFT, USAGE = 0, 1, 2


class Usage(CommandError):
    """The command was called wrongly: one clear line and exit status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=USAGE)


def day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Usage(f"日期应写作 2026-01-28，而不是 {text!r}") from error


class DigestCommand(BaseCommand):
    """A command with `--digest SLUG` (repeatable; default all active ones)."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--digest", action="append", metavar="SLUG", help="只处理这个日报（可重复，默认全部）"
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        """A line of log for every job is the worker's way; here there are bars (and `--verbosity 2`)."""
        if options.get("verbosity", 1) < 2:
            logging.getLogger("papers.work").setLevel(logging.WARNING)
        return super().execute(*args, **options)

    def digests(self, options: dict[str, Any]) -> list[Digest]:
        slugs = options["digest"]
        found = list(Digest.objects.filter(slug__in=slugs) if slugs else Digest.objects.filter(active=True))
        if missing := set(slugs or ()) - {digest.slug for digest in found}:
            raise Usage(f"没有名为 {'、'.join(sorted(missing))} 的日报")
        if not found:
            raise Usage("没有启用的日报")
        return found

    def day_or_newest(self, options: dict[str, Any]) -> dt.date:
        return day(options["day"]) if options["day"] else default_day()

    def report(self, runs: list[DayRun]) -> None:
        """Per day what stands in the way, the last line of counts, and the exit status."""
        for trouble in dict.fromkeys(trouble for run in runs for trouble in run.troubles):
            self.stderr.write(trouble)
        if halt := pipeline.current_halt():
            self.stderr.write(f"模型调用已全部暂停：{halt.message}（排除后运行 manage.py resume）")
        for run in runs:
            self.stdout.write(line_of(run))
        self.stdout.write(totals(runs))
        if any(run.left for run in runs):
            sys.exit(LEFT)


def line_of(run: DayRun) -> str:
    book = run.ledger
    return (
        f"{run.day:%F} {run.digest.slug}：arXiv 公布 {book.announced}，已存 {book.stored}，"
        f"已译 {book.translated}，已解读 {book.analysed}，已通过 {book.approved}，未完 {run.left}"
    )


def totals(runs: list[DayRun]) -> str:
    """The last line: one name=number pair per count, for scripts."""
    counts = {
        "announced": sum(run.ledger.announced for run in runs),
        "stored": sum(run.ledger.stored for run in runs),
        "translated": sum(run.ledger.translated for run in runs),
        "analysed": sum(run.ledger.analysed for run in runs),
        "manual": sum(run.ledger.manual for run in runs),
        "left": sum(run.left for run in runs),
    }
    return " ".join(f"{name}={number}" for name, number in counts.items())


class Bars:
    """One progress bar a step, on standard error; silent where nobody is watching."""

    def __init__(self) -> None:
        self.bars: dict[str, tqdm] = {}

    def __call__(self, step: str, progress: pipeline.Progress) -> None:
        bar = self.bars.get(step)
        if bar is None:
            bar = self.bars[step] = tqdm(desc=step, unit="项", file=sys.stderr, disable=None, leave=True)
        bar.total = progress.expected
        bar.n = progress.done
        bar.refresh()

    def close(self) -> None:
        for bar in self.bars.values():
            bar.close()
