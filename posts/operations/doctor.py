"""What `manage.py doctor` looks at beyond the tables: settings, database, disk, clock, and the doors to the outside.

Each look is quick, costs nothing (the model's list of models is asked for, no call is paid) and says
what to do. Passwords in addresses are never shown.
"""

import datetime as dt
import shutil
import smtplib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.cache import cache
from django.core.checks import WARNING, CheckMessage, run_checks
from django.core.mail import get_connection
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from digest_site import clock, logs
from papers.pipeline.outside import wait_turn
from posts.models import Entry
from posts.telling import chats

from . import health
from .health import BAD, GOOD, NOTE, Look, Sign

TIMEOUT = 8
MB = 1024 * 1024
LITTLE, ALMOST_NOTHING = 1024 * MB, 200 * MB
CLOCK_OFF = dt.timedelta(seconds=60)
AGENT = "arxiv-chinese-digest doctor"


def examine(*, offline: bool = False) -> list[Sign]:
    """All signs, the roots of trouble before what grows from them."""
    looks: tuple[Look, ...] = (site_settings, database, migrations, disk, cache_server)
    doors: tuple[Look, ...] = () if offline else (clock_and_arxiv, model, mail, notifications)
    signs = health.look([*looks, *doors])
    if all(not sign.is_bad for sign in signs[1:3]):
        signs += health.look(health.TABLES)
        signs += filter(None, [health.sample_edition()])
    return signs


def examine_copy() -> list[Sign]:
    """What proves a restored copy: it is whole, can be migrated, and readers could be served from it."""
    call_command("migrate", verbosity=0)
    return health.look([database, migrations, pages])


def pages() -> Sign:
    """The front page, the newest public day and paper, and their feed, as a reader would get them."""
    client = Client(SERVER_NAME=settings.SITE_HOST, REMOTE_ADDR="127.0.0.1")
    secure = {"secure": settings.SECURE}
    wanted = ["/", "/feeds/all/atom.xml"]
    if (
        entry := Entry.objects.public()
        .select_related("post__digest", "paper")
        .order_by("-post__date")
        .first()
    ):
        wanted += [entry.post.get_absolute_url(), f"/papers/{entry.paper.arxiv_id}/"]
    bad = [path for path in wanted if client.get(path, **secure).status_code != 200]
    if bad:
        return Sign("网页", BAD, f"打不开：{'、'.join(bad)}", "看日志")
    return Sign("网页", GOOD, f"{len(wanted)} 页打得开")


def site_settings() -> Sign:
    """Django's own checks and ours; with an https address those for deployment as well."""
    found = run_checks(include_deployment_checks=settings.SECURE)
    grave = [message for message in found if message.is_serious() and not message.is_silenced()]
    if grave:
        return Sign("设置", BAD, _listed(grave), "见 .env.example 和 docs/operations.md")
    if settings.DEBUG and settings.SECURE:
        return Sign("设置", BAD, "DEBUG 在公开的站点上开着", "设 DEBUG=no")
    light = [message for message in found if message.level >= WARNING and not message.is_silenced()]
    if light:
        return Sign("设置", NOTE, _listed(light), "见 docs/operations.md")
    return Sign("设置", GOOD, f"{settings.SITE_URL}")


def _listed(messages: Iterable[CheckMessage]) -> str:
    return "；".join(f"{message.id} {message.msg} {message.hint or ''}".strip() for message in messages)


def database() -> Sign:
    """Reachable, of which kind, whole."""
    try:
        return _sqlite() if connection.vendor == "sqlite" else _postgres()
    except DatabaseError as error:
        said = logs.clean(str(error)).splitlines()[0]
        return Sign("数据库", BAD, said, "看 DATABASE_URL，数据库是否已启动")


def _postgres() -> Sign:
    version, size = _asked("SELECT version(), pg_database_size(current_database())")
    return Sign("数据库", GOOD, f"{version.partition(' (')[0]}，{size // MB} MB")


def _sqlite() -> Sign:
    path = Path(str(settings.DATABASES["default"]["NAME"]))
    size = path.stat().st_size // MB if path.exists() else 0
    (version,), (mode,), (verdict,) = map(
        _asked, ("SELECT sqlite_version()", "PRAGMA journal_mode", "PRAGMA quick_check(1)")
    )
    if verdict != "ok":
        return Sign("数据库", BAD, f"SQLite 文件损坏：{verdict}", "停下服务，用 manage.py restore 恢复备份")
    if mode not in ("wal", "memory"):
        return Sign("数据库", NOTE, f"日志方式是 {mode} 而不是 wal", "数据库文件应在本机磁盘上（不是 NFS）")
    return Sign("数据库", GOOD, f"SQLite {version}，{size} MB，完好")


def _asked(sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return tuple(cursor.fetchone())


def migrations() -> Sign:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        return Sign("迁移", BAD, f"有 {len(plan)} 项没有做", "运行 manage.py migrate")
    return Sign("迁移", GOOD, "都已做完")


def disk() -> Sign:
    usage = shutil.disk_usage(settings.DATA_DIR)
    message = f"data/ 所在的磁盘余 {usage.free // MB} MB，共 {usage.total // MB} MB"
    if not _can_write(Path(settings.DATA_DIR)):
        return Sign("磁盘", BAD, f"{message}，但不能写入", "看目录的主人和权限")
    if usage.free < ALMOST_NOTHING:
        return Sign("磁盘", BAD, message, "清出空间：旧备份在 data/backups/")
    return Sign(
        "磁盘", NOTE if usage.free < LITTLE else GOOD, message, "空间不多了" if usage.free < LITTLE else ""
    )


def _can_write(folder: Path) -> bool:
    probe = folder / ".doctor"
    try:
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError:
        return False
    return True


def cache_server() -> Sign:
    if not settings.REDIS_URL:
        return Sign("Redis", GOOD, "没有用（数据库自己当队列）")
    try:
        cache.set("doctor", "1", 10)
        well = cache.get("doctor") == "1"
    except Exception as error:  # noqa: BLE001 - whatever the client raises is the answer here
        return Sign("Redis", BAD, logs.clean(str(error)), "看 REDIS_URL，Redis 是否已启动")
    return Sign("Redis", GOOD if well else BAD, "可用" if well else "写入后读不回来")


def clock_and_arxiv() -> Sign:
    """arXiv answers, and its clock says what ours does: leases and the calendar live by the clock."""
    url = f"{settings.ARXIV_SITE_URL}/robots.txt"
    host = urlsplit(url).hostname
    try:
        with wait_turn():
            answer = requests.head(
                url, timeout=TIMEOUT, headers={"User-Agent": f"{AGENT} ({settings.ARXIV_CONTACT})"}
            )
    except requests.RequestException as error:
        return Sign(
            "arXiv", BAD, f"{host} 连不上：{type(error).__name__}", "看网络；网站照常，论文会在通了以后补齐"
        )
    if answer.status_code in (403, 429, 503):
        return Sign(
            "arXiv", NOTE, f"{host} 回答 {answer.status_code}", "稍后再试；不要调小 ARXIV_DELAY_SECONDS"
        )
    off = clock_offset(answer.headers.get("Date", ""))
    if off is not None and abs(off) > CLOCK_OFF and not settings.NOW:
        return Sign(
            "时钟",
            BAD,
            f"本机的钟与 arXiv 相差 {off.total_seconds():.0f} 秒",
            "开启 NTP：timedatectl set-ntp true",
        )
    return Sign("arXiv 与时钟", GOOD, f"{host} 回答 {answer.status_code}，时钟一致" + _rehearsed())


def _rehearsed() -> str:
    return f"（NOW 把时间定在 {health.local(settings.NOW)}）" if settings.NOW else ""


def clock_offset(date_header: str) -> dt.timedelta | None:
    """Our clock minus the server's, None without a Date header that can be read."""
    try:
        theirs = parsedate_to_datetime(date_header)
    except (TypeError, ValueError):
        return None
    return clock.machine_now() - theirs if theirs.tzinfo else None


def model() -> Sign:
    """The model's server answers, the key is good, and it has the models that are configured."""
    host = urlsplit(settings.OPENAI_BASE_URL).hostname
    if not settings.OPENAI_API_KEY:
        return Sign("模型服务", NOTE, "没有 OPENAI_API_KEY", "在 .env 里写上；没有它 make run 只演示样例版")
    try:
        answer = requests.get(
            f"{settings.OPENAI_BASE_URL.rstrip('/')}/models",
            timeout=TIMEOUT,
            headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}"},
        )
    except requests.RequestException as error:
        return Sign("模型服务", BAD, f"{host} 连不上：{type(error).__name__}", "看 OPENAI_BASE_URL 和网络")
    if answer.status_code in (401, 402, 403):
        return Sign("模型服务", BAD, f"{host} 回答 {answer.status_code}", "看 OPENAI_API_KEY 和余额")
    if not answer.ok:
        return Sign(
            "模型服务", NOTE, f"{host} 的模型列表回答 {answer.status_code}", "有些服务不给列表，可以不管"
        )
    missing = {settings.OPENAI_MODEL, settings.OPENAI_ANALYSIS_MODEL} - set(_names(answer))
    if _names(answer) and missing:
        return Sign(
            "模型服务",
            NOTE,
            f"{host} 的列表里没有 {'、'.join(sorted(missing))}",
            "看 OPENAI_MODEL、OPENAI_ANALYSIS_MODEL",
        )
    return Sign("模型服务", GOOD, f"{host} 可用：{settings.OPENAI_MODEL}")


def _names(answer: requests.Response) -> list[str]:
    try:
        return [row["id"] for row in answer.json()["data"]]
    except (ValueError, KeyError, TypeError):
        return []


def mail() -> Sign:
    if "smtp" not in settings.EMAIL_BACKEND:
        return Sign("邮件", GOOD, "没有设 EMAIL_URL：邮件只打印出来")
    try:
        with _short_timeout(), get_connection(fail_silently=False) as server:
            server.open()
    except (OSError, smtplib.SMTPException) as error:
        return Sign("邮件", BAD, logs.clean(str(error)) or type(error).__name__, "看 EMAIL_URL")
    return Sign("邮件", GOOD, f"{settings.EMAIL_HOST} 可用")


@contextmanager
def _short_timeout() -> Iterator[None]:
    before, settings.EMAIL_TIMEOUT = settings.EMAIL_TIMEOUT, TIMEOUT
    try:
        yield
    finally:
        settings.EMAIL_TIMEOUT = before


def notifications() -> Sign:
    bad = chats.unreadable(settings.NOTIFY_URLS)
    if bad:
        return Sign(
            "通知", BAD, f"NOTIFY_URLS 里第 {'、'.join(map(str, bad))} 个地址无法识别", "见 Apprise 的说明"
        )
    parts = [
        f"{len(settings.NOTIFY_URLS)} 个通知地址" if settings.NOTIFY_URLS else "没有设 NOTIFY_URLS",
        "设了 PING_URL" if settings.PING_URL else "没有设 PING_URL",
    ]
    return Sign("通知", GOOD, "，".join(parts))
