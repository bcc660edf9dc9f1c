"""Whether this installation is well, as its own tables tell: for `/healthz?deep=1`, `doctor` and the status page.

Nothing here asks the outside world, and nothing of it is secret; doctor.py looks further.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min
from django.utils import timezone

from digest_site import clock
from digest_site.absence import Absence
from papers import batches, ledger, pipeline
from papers.models import Beat, Job, Poll
from papers.tasks import BEAT, HOST_BEAT, late_schedules, missing_schedules, queue_length
from papers.tasks import SCHEDULES as PAPERS_SCHEDULES
from posts import ledgers
from posts.daily import union
from posts.models import Digest
from posts.tasks import SCHEDULES

log = logging.getLogger(__name__)

# A beat is written once a minute; one that is this old was missed more than once.
BEAT_SECONDS = 300
# arXiv's day must be listed this long after it was announced.
LISTED_WITHIN = dt.timedelta(hours=24)
# More tasks than this in the queue: nobody takes them.
LONG_QUEUE = 200
BACKUP_WITHIN = dt.timedelta(days=8)
SHOWN_GAPS = 3
SAMPLE, BACKUP = "sample", "backup"
HALTED = "已全部暂停"


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at: how it is, and what to do when it is not well."""

    name: str
    level: str
    message: str
    advice: str = ""

    @property
    def is_bad(self) -> bool:
        return self.level == BAD


GOOD, NOTE, BAD = "good", "note", "bad"
Look = Callable[[], Sign]


class Heartbeat:
    """Watches whether the tasks of this machine's cluster still leave their mark.

    What counts is when the mark was last seen to change, on a clock that nobody can set: the wall clock
    may jump, and then a beat that looks old is not.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.value: object = None
        self.seen = time.monotonic()
        self.absence = Absence()

    def is_missing(self, age: float) -> bool:
        """Whether a cluster that has run for `age` seconds has left no new mark for too long."""
        try:
            beat = Beat.objects.filter(name=HOST_BEAT).first()
        except DatabaseError as error:
            self.seen = time.monotonic()  # without a database no task can beat
            self.absence.goes_on(error)
            return False
        finally:
            if not connection.in_atomic_block:
                connection.close()
        self.absence.is_over()
        if (value := beat and beat.at) != self.value:
            self.value, self.seen = value, time.monotonic()
        return min(age, time.monotonic() - self.seen) > self.patience


def worker() -> Sign:
    beat = Beat.objects.filter(name=BEAT).first()
    advice = "启动后台：manage.py serve（或 systemctl restart digest-worker）"
    if beat is None:
        return Sign("后台", BAD, "从未运行过任务", advice)
    age = clock.machine_now() - beat.at
    if age > dt.timedelta(seconds=max(BEAT_SECONDS, settings.WEDGED_SECONDS)):
        return Sign("后台", BAD, f"最近一次心跳在 {ago(beat.at)}", advice)
    return Sign("后台", GOOD, f"心跳 {ago(beat.at)}")


def worker_if_any() -> Sign:
    """As `worker`, but an installation that never started one may be run by `manage.py daily` and cron."""
    sign = worker()
    return sign if Beat.objects.filter(name=BEAT).exists() else replace(sign, level=NOTE)


def last_day() -> Sign:
    """The newest date that should be listed by now, and the newest that is."""
    categories = union(Digest.objects.filter(active=True))
    asked = Poll.objects.filter(category__in=categories).exists()
    good = ledger.last_good_day(categories) if asked else None
    due = batches.latest(clock.now() - LISTED_WITHIN)
    advice = "看后台的完整日历，或运行 manage.py daily"
    if not asked:
        return Sign("最近一日", NOTE, "还没有列过任何一日", "运行 manage.py daily，或等后台第一次列表")
    if good is None or good < due:
        said = "；".join(alarm.message for alarm in ledgers.gaps()[-2:])
        lacking = f"应有 {due:%F}，最近列全的是 {good or '无'}"
        return Sign("最近一日", BAD, f"{lacking}（{said}）" if said else lacking, advice)
    settled = ledger.of_day(good, categories).settled
    return Sign("最近一日", GOOD, f"{good:%F} 已列全，{'已核对' if settled else '还没有第二次核对'}")


def arxiv_throttle() -> Sign:
    """Whether arXiv has asked us to stay away for a while; nothing for a person to do."""
    if away := pipeline.kept_away():
        advice = "什么也不用做，到时自动继续；不要调小 ARXIV_DELAY_SECONDS"
        return Sign("限流", NOTE, f"{away}（连续第 {away.excuses} 次）", advice)
    return Sign("限流", GOOD, "arXiv 没有要求稍候")


def gaps() -> Sign:
    """Dates on which nothing came, was read or was kept; they close by themselves, or a person looks."""
    found = [alarm.message for alarm in ledgers.gaps()]
    if not found:
        return Sign("缺口", GOOD, "没有")
    more = f"{'；'.join(found[:SHOWN_GAPS])}{f'；还有 {len(found) - SHOWN_GAPS} 日' if found[SHOWN_GAPS:] else ''}"
    return Sign("缺口", NOTE, more, "看后台的完整日历；manage.py fetch --day D 随时可以再列一遍")


def backlog() -> Sign:
    """How much there is to catch up with, and how long that takes at arXiv's pace."""
    behind = pipeline.backlog(union(Digest.objects.filter(active=True)))
    said = [f"{len(behind.days)} 日还没有列完，最早 {behind.days[0]:%F}"] if behind.days else []
    said += [f"{behind.texts} 篇全文要取"] if behind.texts else []
    if not said:
        return Sign("补齐", GOOD, "没有落下的")
    message = f"{'；'.join(said)}；按 arXiv 的节奏约需{spoken(behind.seconds)}"
    return Sign(
        "补齐", NOTE if behind.days else GOOD, message, "后台从最早的一日起自动补齐，也可运行 manage.py daily"
    )


def model_halt() -> Sign:
    if halt := pipeline.current_halt():
        return Sign("模型", BAD, f"{HALTED}：{halt.message}", "排除原因后运行 manage.py resume")
    return Sign("模型", GOOD, "没有暂停")


def budget() -> Sign:
    spent = pipeline.spent_today()
    if spent.ceiling is None:
        return Sign("费用", GOOD, f"今日 {spent.calls} 次调用，{_amount(spent)}，没有上限")
    message = f"今日 {spent.calls} 次调用，{_amount(spent)} / {spent.ceiling}"
    if spent.amount >= spent.ceiling * 9 // 10:
        return Sign("费用", NOTE, message, "已近上限，余下的明日继续；或提高 LLM_DAILY_BUDGET")
    return Sign("费用", GOOD, message)


def _amount(spent: pipeline.Spent) -> str:
    """What was paid; a call without a price is unknown, never zero."""
    if spent.unpriced == spent.calls > 0:
        return "金额未知（没有设价格）"
    unknown = f"（另 {spent.unpriced} 次没有价格）" if spent.unpriced else ""
    return f"{spent.amount:.2f}{unknown}"


def jobs_left() -> Sign:
    """Work that was given up, and work that nobody takes."""
    numbers = dict(Job.objects.order_by().values_list("state").annotate(Count("pk")))
    message = "，".join(f"{label} {numbers.get(state, 0)}" for state, label in Job.State.choices)
    now = clock.machine_now()
    stuck = Job.objects.filter(
        state=Job.State.RUNNING, lease_until__lt=now - dt.timedelta(seconds=2 * settings.LEASE_SECONDS)
    )
    if stuck.exists():
        return Sign("作业", BAD, f"{message}；{stuck.count()} 项的租约早已到期", "后台没有在清理：重启后台")
    queued = Job.objects.filter(state=Job.State.QUEUED).aggregate(first=Min("changed_at"))["first"]
    if queued and now - queued > dt.timedelta(hours=6) and not pipeline.current_halt():
        return Sign("作业", NOTE, f"{message}；最久的已排 {ago(queued)}", "后台太慢或已停：看 WORKERS 和日志")
    if numbers.get(Job.State.DEAD):
        return Sign("作业", NOTE, message, "放弃的作业在后台“作业”里，可按“重新尝试”")
    return Sign("作业", GOOD, message)


def schedules() -> Sign:
    expected = PAPERS_SCHEDULES | SCHEDULES
    if wrong := missing_schedules(expected):
        return Sign("定时任务", BAD, f"缺少：{'、'.join(wrong)}", "运行 manage.py migrate，再重启后台")
    if (late := late_schedules(expected)) and Beat.objects.filter(name=BEAT).exists():
        return Sign("定时任务", BAD, f"没有按时运行：{'、'.join(late)}", "启动或重启后台")
    return Sign("定时任务", GOOD, "齐全")


def queue() -> Sign:
    try:
        length = queue_length()
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises is the answer here
        return Sign("队列", BAD, f"问不到：{type(error).__name__}", "看 REDIS_URL，Redis 是否已启动")
    if length > LONG_QUEUE:
        return Sign("队列", BAD, f"{length} 项任务没有人取", "重启后台")
    return Sign("队列", GOOD, f"{length} 项任务")


def backup() -> Sign:
    beat = Beat.objects.filter(name=BACKUP).first()
    advice = "每日运行 manage.py backup（见 docs/operations.md）"
    if beat is None:
        return Sign("备份", NOTE, "从未备份过", advice)
    level = GOOD if clock.machine_now() - beat.at < BACKUP_WITHIN else NOTE
    return Sign("备份", level, f"最近一次 {ago(beat.at)}：{beat.note}", "" if level == GOOD else advice)


def sample_edition() -> Sign | None:
    """Said only where the built-in samples lie among real papers."""
    if settings.NOW or not Beat.objects.filter(name=SAMPLE).exists():
        return None
    return Sign(
        "样例版",
        NOTE,
        "数据库里有内置样例的论文",
        "正式使用前请换一个数据库，或删去 data/db.sqlite3 后重新 migrate",
    )


DEEP: tuple[Look, ...] = (worker, last_day, gaps, backlog, arxiv_throttle, model_halt)
TABLES: tuple[Look, ...] = (
    *(worker_if_any, last_day, gaps, backlog, arxiv_throttle, model_halt),
    *(budget, jobs_left, schedules, queue, backup),
)


def look(looks: Iterable[Look]) -> list[Sign]:
    """Every sign; a look that fails is itself a bad sign, and does not hide the others."""
    return [_safely(one) for one in looks]


def _safely(one: Look) -> Sign:
    try:
        return one()
    except DatabaseError as error:
        return Sign(one.__name__, BAD, f"数据库：{type(error).__name__}", "看数据库和 manage.py migrate")
    except Exception as error:
        log.exception("%s 没有查成", one.__name__)
        return Sign(one.__name__, BAD, f"查不了：{type(error).__name__}", "看日志里的说明")


def deep() -> tuple[bool, dict[str, dict[str, str]]]:
    """What a monitor outside is told: whether all is well, and each sign. No advice, no secret, no name."""
    signs = {one.__name__: _safely(one) for one in DEEP}
    well = not any(sign.is_bad for sign in signs.values())
    return well, {name: {"level": sign.level, "message": _plain(name, sign)} for name, sign in signs.items()}


def _plain(name: str, sign: Sign) -> str:
    """A halt's message is a server's own words, not for the public."""
    return HALTED if name == "model_halt" and sign.message.startswith(HALTED) else sign.message


def ago(instant: dt.datetime) -> str:
    """How long ago, in the largest unit that fits; the future is now (another machine's clock)."""
    seconds = max(0, int((clock.machine_now() - instant).total_seconds()))
    for unit, name in ((86400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}前"
    return f"{seconds} 秒前"


def spoken(seconds: float) -> str:
    """A duration in words: 40 秒, 3 分钟, 2 小时."""
    if seconds < 90:
        return f" {seconds:.0f} 秒"
    return f" {seconds / 60:.0f} 分钟" if seconds < 5400 else f" {seconds / 3600:.1f} 小时"


def local(instant: dt.datetime) -> str:
    return f"{timezone.localtime(instant):%F %H:%M}"
