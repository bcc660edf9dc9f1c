"""System checks: settings that would lose work or money are refused before anything starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def queue_settings(**kwargs: Any) -> list[CheckMessage]:
    """django-q2 hands a task out again when its lease ends, which starts when it is fetched."""
    q = settings.Q_CLUSTER
    rounds = -(-(q["queue_limit"] + q["bulk"]) // q["workers"]) + 1
    found: list[CheckMessage] = []
    if q["retry"] < rounds * (q["timeout"] + 5):
        found.append(
            Error(
                "队列会把还在运行的任务再发一次。",
                hint=f"retry 至少设为 {rounds * (q['timeout'] + 5)} 秒。",
                id="papers.E001",
            )
        )
    if not q["ack_failures"] or q["max_attempts"] != 1:
        found.append(
            Error(
                "队列会反复重做失败的任务；重试由作业表管。",
                hint="ack_failures 设为 True，max_attempts 设为 1。",
                id="papers.E002",
            )
        )
    if q["catch_up"]:
        found.append(
            Error(
                "队列会把错过的定时任务逐一补做。",
                hint="catch_up 设为 False。",
                id="papers.E003",
            )
        )
    if q["timeout"] <= settings.SUMMARIZE_SECONDS + 2 * settings.LLM_DEADLINE_SECONDS:
        found.append(
            Error(
                "任务会在它发出的模型调用结束之前被杀掉。",
                hint="timeout 要大于 SUMMARIZE_SECONDS 加两倍 LLM_DEADLINE_SECONDS（一次调用和一次修补）。",
                id="papers.E004",
            )
        )
    return found


@register()
def sqlite_mode(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Without IMMEDIATE transactions several writers on SQLite meet "database is locked"."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    if database.get("OPTIONS", {}).get("transaction_mode") == "IMMEDIATE":
        return []
    return [
        Error(
            "SQLite 没有用 IMMEDIATE 事务。",
            hint="保留 digest_site/settings.py 里的 OPTIONS。",
            id="papers.E005",
        )
    ]


@register()
def price_settings(**kwargs: Any) -> list[CheckMessage]:
    """A ceiling without prices can never be reached."""
    priced = settings.LLM_PRICE_INPUT is not None and settings.LLM_PRICE_OUTPUT is not None
    if settings.LLM_DAILY_BUDGET is None or priced:
        return []
    return [
        Warning(
            "设了 LLM_DAILY_BUDGET，却没有设价格：上限不起作用。",
            hint="设 LLM_PRICE_INPUT 和 LLM_PRICE_OUTPUT（每百万词元）。",
            id="papers.W001",
        )
    ]
