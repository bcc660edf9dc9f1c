"""Rows that every installation starts with: the default digest, and the groups of who may what.

People who are added to a group keep what was added to it by hand.
"""

import datetime as dt

from django.contrib.auth.models import Group, Permission

from .models import Digest

READ = [
    "papers.view_paper", "papers.view_summary", "papers.view_revision", "papers.view_finding",
    "papers.view_reviewevent", "papers.view_category", "papers.view_term", "papers.view_poll",
    "papers.view_announcement", "papers.view_job", "papers.view_llmcall", "papers.view_fulltext",
    "papers.view_correction", "posts.view_digest", "posts.view_dailypost", "posts.view_entry", "posts.view_report",
]  # fmt: skip
EDIT = [
    *READ,
    "papers.change_summary",
    "papers.approve_summary",
    "papers.change_paper",
    "posts.change_report",
]
LEAD = [
    *EDIT, "papers.withdraw_summary", "papers.add_term", "papers.change_term", "papers.delete_term",
    "posts.add_digest", "posts.change_digest", "posts.change_dailypost", "posts.publish_dailypost",
    "posts.change_entry", "posts.view_subscriber", "posts.delete_subscriber",
]  # fmt: skip
GROUPS = {"观察": READ, "译审": EDIT, "主编": LEAD}


def plant() -> None:
    """The default digest where there is none, and the groups with what they lack of their permissions."""
    if not Digest.objects.exists():
        Digest.objects.create(
            slug="speech",
            title="语音与音频",
            description="arXiv 每日公布的语音、音频与音乐处理论文，中文译文与解读",
            categories=["cs.SD", "eess.AS"],
            anchor=dt.time(8, 50),
            zone="Asia/Shanghai",
        )
    by_name = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for name, wanted in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*(by_name[permission] for permission in wanted))
