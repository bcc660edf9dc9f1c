"""The cast, and makers of rows for every test: each gives what it is not told a plain value.

译审 edits and approves, 主编 publishes and withdraws, the observer may look at the admin and no more.
"""

import datetime as dt
from itertools import count
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.utils import timezone

from papers.models import Paper, Revision, Summary
from posts.models import DailyPost, Digest, Entry

DAY = dt.date(2026, 1, 28)
NOON = dt.datetime(2026, 1, 28, 4, 0, tzinfo=dt.UTC)
MAY_EDIT = ["change_summary", "view_summary", "approve_summary", "view_paper", "view_dailypost"]
MAY_PUBLISH = [*MAY_EDIT, "publish_dailypost", "change_dailypost", "withdraw_summary"]

_numbers = count(19_001)


def most_queries() -> int:
    """A page's or a feed's, however much is on it; a search on PostgreSQL is a transaction with a setting of its own."""
    return 16 if connection.vendor == "sqlite" else 19


def make_user(username: str, *permissions: str, **fields: Any) -> User:
    user = User.objects.create_user(username, password="correct horse", is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def make_editor() -> User:
    """译审: edits, approves, rejects."""
    return make_user("yishen", *MAY_EDIT, first_name="译审")


def makechief() -> User:
    """主编: all that, and publishes and withdraws."""
    return make_user("zhubian", *MAY_PUBLISH, first_name="主编")


def make_observer() -> User:
    """Staff that may change nothing."""
    return make_user("guancha", "view_summary")


def speech() -> Digest:
    """The digest that migrations make."""
    return Digest.objects.get(slug="speech")


def make_digest(**fields: Any) -> Digest:
    """A digest beside speech."""
    return Digest.objects.create(**{"slug": "vision", "title": "视觉", "categories": ["cs.CV"]} | fields)


def make_paper(arxiv_id: str = "", **fields: Any) -> Paper:
    """A paper as arXiv would describe it, with its categories indexed."""
    given = {
        "title": "Streaming Accent Conversion with $k$ Codebooks",
        "abstract": "We convert accents while people speak. The word error rate falls to 4.2%.",
        "authors": ["Ada Example", "Bo Sample"],
        "categories": ["cs.SD", "eess.AS"],
        "submitted": NOON - dt.timedelta(days=1),
        "updated": NOON - dt.timedelta(days=1),
        "licence": "http://creativecommons.org/licenses/by/4.0/",
    }
    paper = Paper(arxiv_id=arxiv_id or f"2601.{next(_numbers)}", **given | fields)
    Paper.objects.upsert([paper])
    return Paper.objects.get(arxiv_id=paper.arxiv_id)


def make_revision(summary: Summary, **fields: Any) -> Revision:
    """A text, by the machine unless `author` is given. It does not become current by itself."""
    given = {
        "title": "含 $k$ 个码本的流式口音转换",
        "abstract": "我们在人说话的同时转换口音。词错误率降至4.2%。",
        "reading": "## 研究背景与既有方法的问题\n- 延迟太高\n\n## 核心方法\n- 流式码本\n\n## 任务与效果\n- 词错误率4.2%",
        "paper_version": summary.paper.version,
    }
    return Revision.objects.create(summary=summary, **given | fields)


def make_summary(status: str = "needs_review", paper: Paper | None = None, **text: Any) -> Summary:
    """A summary in that state, with a machine's text unless it is still waiting for one."""
    summary = Summary.objects.create(paper=paper or make_paper())
    if status == "waiting":
        return summary
    summary.translated(make_revision(summary, **text))
    if status == "approved":
        summary.approve(chief())
    elif status == "rejected":
        summary.reject(chief())
    elif status == "manual":
        summary.take_over(chief())
    return summary


def make_post(date: dt.date = DAY, *, digest: Digest | None = None, published: bool = False) -> DailyPost:
    """A day's post; `published` by the chief."""
    end = timezone.make_aware(dt.datetime.combine(date, dt.time(8, 50)), timezone.get_default_timezone())
    post = DailyPost.objects.create(
        digest=digest or speech(),
        date=date,
        window_start=end - dt.timedelta(days=1),
        window_end=end,
        fetched=1,
    )
    if published:
        post.publish(chief())
    return post


def make_entry(post: DailyPost, summary: Summary | None = None, **fields: Any) -> Entry:
    """An entry of that post, by default of an approved paper."""
    summary = summary or make_summary("approved")
    return Entry.objects.create(
        post=post, paper=summary.paper, **{"position": post.entries.count() + 1} | fields
    )


def make_public_paper(arxiv_id: str = "", date: dt.date = DAY, **fields: Any) -> Paper:
    """A paper that readers can see: approved, in a published post of the day."""
    post = DailyPost.objects.filter(date=date, digest__slug="speech").first() or make_post(
        date, published=True
    )
    summary = make_summary("approved", make_paper(arxiv_id, **fields))
    make_entry(post, summary)
    return summary.paper


def chief() -> User:
    """主编 of this test, made when first asked for."""
    return User.objects.filter(username="zhubian").first() or makechief()


def database_address() -> str:
    """DATABASE_URL of the tests' own database, for a process that is to share it."""
    made = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{made['NAME']}"
    return f"postgres://{made['USER']}:{made['PASSWORD']}@{made['HOST']}:{made['PORT']}/{made['NAME']}"
