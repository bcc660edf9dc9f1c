"""What `doctor` tries of the outside: arXiv and its clock, the model, the mail server, the chats.

Each look takes seconds at most and costs nothing: no model call is paid, no letter is sent.
"""

import datetime as dt
import smtplib
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from django.conf import settings

from digest_site import clock, logs
from papers import pipeline
from papers.pipeline.outside import wait_turn
from posts.telling import chats
from posts.telling.mail_server import connection

from . import health
from .health import BAD, GOOD, NOTE, Look, Sign

TIMEOUT = 8
CLOCK_OFF = dt.timedelta(seconds=60)
AGENT = "arxiv-chinese-digest doctor"


def clock_and_arxiv() -> Sign:
    """arXiv answers, and its clock says what ours does: leases and the calendar live by the clock."""
    url = f"{settings.ARXIV_SITE_URL}/robots.txt"
    host = urlsplit(url).hostname
    if away := pipeline.kept_away():
        return Sign("arXiv", NOTE, f"没有去问：{away}", "什么也不用做，到时自动继续")
    try:
        with wait_turn():
            answer = requests.head(
                url, timeout=TIMEOUT, headers={"User-Agent": f"{AGENT} ({settings.ARXIV_CONTACT})"}
            )
    except requests.RequestException as error:
        return Sign(
            "arXiv", BAD, f"{host} 连不上：{type(error).__name__}", "看网络；网站照常，论文会在通了以后补齐"
        )
    if answer.status_code >= 400:
        advice = "稍后再试；不要调小 ARXIV_DELAY_SECONDS"
        return Sign("arXiv", NOTE, f"{host} 回答 {answer.status_code}", advice)
    off = clock_offset(answer.headers.get("Date", ""))
    if off is None:
        return Sign("arXiv 与时钟", NOTE, f"{host} 没有说它的时间，时钟无从比较")
    if abs(off) > CLOCK_OFF and not settings.NOW:
        message = f"本机的钟与 arXiv 相差 {off.total_seconds():.0f} 秒"
        return Sign("时钟", BAD, message, "开启 NTP：timedatectl set-ntp true")
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
    """The mail server lets us in; nothing is sent."""
    if not settings.MAIL_ON:
        return Sign("邮件", GOOD, "没有设 EMAIL_URL：不寄信")
    try:
        with connection(TIMEOUT):
            return Sign("邮件", GOOD, f"{settings.EMAIL_HOST} 可用")
    except (OSError, smtplib.SMTPException) as error:
        return Sign("邮件", BAD, logs.clean(str(error)) or type(error).__name__, "看 EMAIL_URL")


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


# arXiv's throttle is a row in the database.
WITHOUT_DATABASE: tuple[Look, ...] = (model, mail, notifications)
ALL: tuple[Look, ...] = (clock_and_arxiv, *WITHOUT_DATABASE)
