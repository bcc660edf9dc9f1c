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
                "The queue would hand out tasks that are still running.",
                hint=f"Set retry to at least {rounds * (q['timeout'] + 5)} seconds.",
                id="papers.E001",
            )
        )
    if not q["ack_failures"] or q["max_attempts"] != 1:
        found.append(
            Error(
                "The queue would repeat failing tasks; retries belong to the Job table.",
                hint="Set ack_failures to True and max_attempts to 1.",
                id="papers.E002",
            )
        )
    if q["catch_up"]:
        found.append(
            Error(
                "The queue would replay every missed schedule.",
                hint="Set catch_up to False.",
                id="papers.E003",
            )
        )
    if q["timeout"] <= settings.SUMMARIZE_SECONDS + 2 * settings.LLM_DEADLINE_SECONDS:
        found.append(
            Error(
                "A task would be killed before the model calls that it made may end.",
                hint="Keep timeout above SUMMARIZE_SECONDS and twice LLM_DEADLINE_SECONDS: a call and its repair.",
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
            "SQLite is used without IMMEDIATE transactions.",
            hint="Keep the OPTIONS of digest_site/settings.py.",
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
            "LLM_DAILY_BUDGET is set, but not what a token costs: the ceiling has no effect.",
            hint="Set LLM_PRICE_INPUT and LLM_PRICE_OUTPUT, per million tokens.",
            id="papers.W001",
        )
    ]
