"""The editorial office for tests: people by group, what they open and press, and texts in every state."""

import datetime as dt
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from papers.models import Finding, Summary
from tests import base

ENGLISH = "We convert accents while people speak. The word error rate falls to 4.2%."
CHINESE = "我们在人说话的同时转换口音。词错误率降至4.2%。我们在三个公开的语料库上做了实验，结果一致，代码和模型将会公开，供大家使用和比较。"
ENGLISH_LONG = f"{ENGLISH} We ran experiments on three public corpora with consistent results. Code and models will be released."


def person(name: str, group: str) -> User:
    user = User.objects.create_user(name, password="correct horse", is_staff=True, last_name=name)
    user.groups.add(Group.objects.get(name=group))
    return user


def editor(name: str = "李四") -> User:
    return person(name, "译审")


def chief(name: str = "王五") -> User:
    return person(name, "主编")


def observer(name: str = "赵六") -> User:
    return person(name, "观察")


def at_desk(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def desk(summary: Summary) -> str:
    return reverse("admin:papers_summary_change", args=[summary.pk])


def queue(**params: Any) -> str:
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return f"{reverse('admin:papers_summary_changelist')}?{query}"


def form(summary: Summary, verb: str = "save", **change: Any) -> dict[str, Any]:
    """What a browser sends when this button is pressed on the text as it stands."""
    summary.refresh_from_db()
    current = summary.current
    text = current.text if current else {"title": "", "abstract": "", "reading": ""}
    return text | {"base": current.pk if current else "", "verb": verb} | change


def press(client: Client, summary: Summary, verb: str = "save", **change: Any) -> Any:
    return client.post(desk(summary), form(summary, verb, **change))


def text(status: str = "needs_review", **fields: Any) -> Summary:
    """A paper with a clean machine text in that state."""
    paper = fields.pop("paper", None) or base.make_paper(abstract=ENGLISH_LONG)
    return base.make_summary(status, paper, **{"abstract": CHINESE} | fields)


def day_of(*summaries: Summary, date: dt.date = base.DAY, **fields: Any) -> Any:
    """A day's post with these papers in it."""
    post = base.make_post(date, **fields)
    for summary in summaries:
        base.make_entry(post, summary)
    return post


def finding(summary: Summary, level: str = "block", **fields: Any) -> Finding:
    """A stored finding on the current text; the summary knows how grave it is."""
    row = Finding.objects.create(
        **{
            "summary": summary,
            "revision": summary.current,
            "part": "abstract",
            "check_name": "number_changed",
            "level": level,
            "message": "数字不同",
            "fingerprint": f"f{summary.pk}{level}",
        }
        | fields
    )
    Summary.objects.filter(pk=summary.pk).update(worst=level)
    summary.refresh_from_db()
    return row
