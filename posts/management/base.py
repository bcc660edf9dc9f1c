"""What the commands that work on digests share: options, exit status, progress bars, the last line."""

import datetime as dt
import logging
import sys
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from tqdm import tqdm

from papers import pipeline
from posts.daily import DayRun, default_day, union
from posts.models import Digest

DONE, LEFT, USAGE, INTERRUPTED = 0, 1, 2, 130
# Below this a wait needs no announcement.
WORTH_SAYING_SECONDS = 10.0


class Usage(CommandError):
    """The command was called wrongly: one clear line and exit status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=USAGE)


def spare_the_log(options: dict[str, Any]) -> None:
    """A bar or the last line says it in the foreground; a line a paper is for the worker's log."""
    if options.get("verbosity", 1) < 2:
        for name in ("papers", "posts"):
            logging.getLogger(name).setLevel(logging.WARNING)


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

    def execute(self, *args: Any, **options: Any) -> Any:
        """One clear line for what cannot be done, never a traceback; what was stored stays."""
        spare_the_log(options)
        try:
            return super().execute(*args, **options)
        except pipeline.NotYet as error:
            raise Usage(str(error)) from error
        except DatabaseError as error:
            raise CommandError(
                f"数据库不能用：{error}（可先运行 manage.py migrate）", returncode=LEFT
            ) from error
        except KeyboardInterrupt:
            self.stderr.write("已中断；已取得的都保留着，下次从这里继续")
            sys.exit(INTERRUPTED)

    def digests(self, options: dict[str, Any]) -> list[Digest]:
        slugs = options["digest"]
        found = list(Digest.objects.filter(slug__in=slugs) if slugs else Digest.objects.filter(active=True))
        if missing := set(slugs or ()) - {digest.slug for digest in found}:
            raise Usage(f"没有名为 {'、'.join(sorted(missing))} 的日报")
        if not found:
            raise Usage("没有启用的日报")
        if empty := [digest.slug for digest in found if not digest.categories]:
            raise Usage(f"日报 {'、'.join(empty)} 没有设置分类")
        return found

    def day_or_newest(self, options: dict[str, Any]) -> dt.date:
        return day(options["day"]) if options["day"] else default_day()

    def announce(self, digests: Sequence[Digest], days: Sequence[dt.date]) -> None:
        """How long arXiv's pace will make us take, before it does."""
        seconds = pipeline.estimate(len(days), union(digests))
        if seconds >= WORTH_SAYING_SECONDS:
            self.stderr.write(
                f"要列出 {len(days)} 日；按每 {settings.ARXIV_DELAY_SECONDS:g} 秒一次请求，至少需要{spoken(seconds)}"
            )

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


def spoken(seconds: float) -> str:
    """A duration in words: 40 秒, 3 分钟, 2 小时."""
    if seconds < 90:
        return f" {seconds:.0f} 秒"
    return f" {seconds / 60:.0f} 分钟" if seconds < 5400 else f" {seconds / 3600:.1f} 小时"


def line_of(run: DayRun) -> str:
    book = run.ledger
    if book.silent:
        return f"{run.day:%F} {run.digest.slug}：arXiv 没有这一日的公布"
    if book.is_unread:
        return f"{run.day:%F} {run.digest.slug}：还没有读到 arXiv 的列表"
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
    """One progress bar a step, on standard error, with the time that is left; silent where nobody is watching.

    A bar ends where its step ends, so that the rate is that step's own.
    """

    def __init__(self) -> None:
        self.bars: dict[str, tqdm] = {}
        self.shown: dict[str, float] = {}

    def __call__(self, step: str, progress: pipeline.Progress) -> None:
        bar = self.bars.get(step)
        if bar is None:
            bar = self.bars[step] = tqdm(desc=step, unit="项", file=sys.stderr, disable=None, leave=True)
        bar.total = progress.expected
        bar.n = progress.done
        if progress.done == progress.expected or time.monotonic() - self.shown.get(step, 0) > 0.2:
            self.shown[step] = time.monotonic()
            bar.refresh()

    def close(self) -> None:
        for bar in self.bars.values():
            bar.close()
