"""What the commands that work on digests share: options, exit status, progress bars, the last line."""

import datetime as dt
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from tqdm import tqdm

from papers import pipeline
from posts.daily import DayRun, default_day, union
from posts.models import Digest
from posts.operations.health import spoken

DONE, LEFT, USAGE, INTERRUPTED = 0, 1, 2, 130
# Below this a wait needs no announcement.
WORTH_SAYING_SECONDS = 10.0
# More lines than this and nobody reads them; the table above has all.
SHOWN_TROUBLES = 12


class Usage(CommandError):
    """The command was called wrongly: one clear line and exit status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=USAGE)


def spare_the_log(options: dict[str, Any]) -> None:
    """A bar or the last lines say it in the foreground; a line a paper, or a date's alarm, is for the worker's log."""
    is_quiet = options.get("verbosity", 1) < 2
    logging.getLogger("papers.listing").setLevel(logging.CRITICAL if is_quiet else logging.NOTSET)
    if is_quiet:
        for name in ("papers", "posts"):
            logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """One clear line where a folder cannot be made or written."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"写不了 {folder}：{error}", returncode=LEFT) from error


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

    def announce(self, digests: Sequence[Digest], days: Sequence[dt.date], of: int = 0) -> None:
        """How long arXiv's pace will make us take, before it does; `of`: so many dates were asked for."""
        seconds = pipeline.estimate(days, union(digests))
        known = f"（另 {of - len(days)} 日刚列过，不再问）" if of > len(days) else ""
        if seconds >= WORTH_SAYING_SECONDS or known:
            self.say(
                f"要列出 {len(days)} 日{known}；按每 {settings.ARXIV_DELAY_SECONDS:g} 秒一次请求，约需{spoken(seconds)}"
            )

    def say(self, text: str) -> None:
        """On standard error, but not in the colour of errors."""
        self.stderr.write(text, style_func=str)

    def show_troubles(self, runs: Iterable[DayRun]) -> None:
        """The troubles of these runs, each once, alarms first."""
        runs = list(runs)
        alarms = [run.ledger.alarm for run in runs if run.ledger.alarm]
        troubles = list(dict.fromkeys([*alarms, *(trouble for run in runs for trouble in run.troubles)]))
        for trouble in troubles[:SHOWN_TROUBLES]:
            self.stderr.write(trouble)
        if more := len(troubles[SHOWN_TROUBLES:]):
            self.stderr.write(f"……另有 {more} 条，见各日的账目")

    def report(self, runs: list[DayRun]) -> None:
        """Per day what stands in the way, the last line of counts, and the exit status."""
        self.show_troubles(runs)
        if (away := pipeline.kept_away()) and away.is_long:
            self.stderr.write(f"{away}；没有问到的日期到时再运行一次，或由后台补上")
        if reasons := sum((Counter(run.reasons) for run in runs), Counter()):
            why = "、".join(f"{reason} {number} 项" for reason, number in reasons.most_common())
            self.say(f"还没有做完：{why}；下次运行或由后台再试")
        if halt := pipeline.current_halt():
            self.stderr.write(f"模型调用已全部暂停：{halt.message}（排除后运行 manage.py resume）")
        for run in runs:
            self.stdout.write(line_of(run))
        self.stdout.write(totals(runs))
        if any(run.left for run in runs):
            sys.exit(LEFT)


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


BAR = "{desc}：{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"
SHOWN_EVERY = 0.2


class Bars:
    """One progress bar a step, on standard error, with the time that is left; silent where nobody is watching.

    What is left is what the step says, at arXiv's pace and the model's; not what is usual per item, since the quick ones
    are done first. When arXiv asks us to wait, a line says until when, also where nobody is watching.
    """

    def __init__(self) -> None:
        self.bars: dict[str, tqdm] = {}
        self.shown: dict[str, float] = {}
        self.away: pipeline.Away | None = None

    def __call__(self, step: str, progress: pipeline.Progress) -> None:
        bar = self.bars.get(step)
        if bar is None:
            bar = self.bars[step] = tqdm(
                desc=step, total=progress.expected, file=sys.stderr, disable=None, bar_format=BAR
            )
        bar.total = progress.expected
        bar.n = progress.done
        if progress.done == progress.expected or time.monotonic() - self.shown.get(step, 0) > SHOWN_EVERY:
            self.shown[step] = time.monotonic()
            self._show(bar, progress)

    def _show(self, bar: tqdm, progress: pipeline.Progress) -> None:
        away = pipeline.kept_away()
        if away and away != self.away and away.seconds > WORTH_SAYING_SECONDS / 2:
            self.away = away
            tqdm.write(f"{away}，然后继续" if not away.is_long else str(away), file=sys.stderr)
        left = progress.seconds if progress.done < progress.expected else None
        bar.set_postfix_str(
            f"约剩{spoken(left + (away.seconds if away else 0))}" if left else "", refresh=False
        )
        bar.refresh()

    def close(self) -> None:
        for bar in self.bars.values():
            bar.close()
