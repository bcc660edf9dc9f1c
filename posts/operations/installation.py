"""What `doctor` and the status page see of the installation itself: settings, database, migrations, disk, Redis."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.checks import WARNING, CheckMessage, run_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from digest_site import logs

from .health import BAD, GOOD, NOTE, Sign

MB = 1024 * 1024
LITTLE, ALMOST_NOTHING = 1024 * MB, 200 * MB
PATIENCE_SECONDS = 5
RESTORE = "停下服务，用 manage.py restore 恢复备份"


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
    """Reachable, and of which kind."""
    try:
        return _sqlite() if connection.vendor == "sqlite" else _postgres()
    except DatabaseError as error:
        said = logs.clean(str(error)).splitlines()[0]
        return Sign("数据库", BAD, said, _advice(said))


def _advice(said: str) -> str:
    if "malformed" in said or "not a database" in said:
        return RESTORE
    if connection.vendor == "sqlite":
        return "看 DATABASE_URL，目录是否存在、能否写入"
    return "看 DATABASE_URL，数据库是否已启动"


def _postgres() -> Sign:
    version, size = _asked("SELECT version(), pg_database_size(current_database())")
    return Sign("数据库", GOOD, f"{version.partition(' (')[0]}，{size // MB} MB")


def _sqlite() -> Sign:
    path = Path(str(settings.DATABASES["default"]["NAME"]))
    size = path.stat().st_size // MB if path.exists() else 0
    (version,), (mode,) = map(_asked, ("SELECT sqlite_version()", "PRAGMA journal_mode"))
    if mode not in ("wal", "memory"):
        return Sign("数据库", NOTE, f"日志方式是 {mode} 而不是 wal", "数据库文件应在本机磁盘上（不是 NFS）")
    return Sign("数据库", GOOD, f"SQLite {version}，{size} MB")


def intact() -> Sign:
    """Whether a SQLite file is whole; reads all of it. PostgreSQL checks its pages itself."""
    if connection.vendor != "sqlite":
        return Sign("数据完好", GOOD, "由 PostgreSQL 自己检查")
    try:
        (verdict,) = _asked("PRAGMA quick_check(1)")
    except DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        return Sign("数据完好", BAD, f"SQLite 文件损坏：{verdict}", RESTORE)
    return Sign("数据完好", GOOD, "SQLite 文件完好")


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
    if usage.free < LITTLE:
        return Sign("磁盘", NOTE, message, "空间不多了：旧备份在 data/backups/")
    return Sign("磁盘", GOOD, message)


def _can_write(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
    except OSError:
        return False
    return True


def cache_server() -> Sign:
    """Asked past Django's cache, which says nothing of a server that does not answer."""
    if not settings.REDIS_URL:
        return Sign("Redis", GOOD, "没有用（数据库自己当队列）")
    try:
        server = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=PATIENCE_SECONDS)
        server.set("doctor", "1", ex=10)
        well = server.get("doctor") == b"1"
    except Exception as error:  # noqa: BLE001 - whatever the client raises is the answer here
        return Sign("Redis", BAD, logs.clean(str(error)), "看 REDIS_URL，Redis 是否已启动")
    return Sign("Redis", GOOD if well else BAD, "可用" if well else "写入后读不回来")
