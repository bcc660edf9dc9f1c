"""Who may what: the groups that every installation has. People added to a group keep what was added by hand."""

from django.contrib.auth.models import Group, Permission

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


def install() -> None:
    """Create the groups, and give each what it lacks of its permissions."""
    by_name = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for name, wanted in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*(by_name[permission] for permission in wanted))
