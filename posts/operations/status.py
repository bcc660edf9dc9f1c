"""The status page of the admin: how the installation is, what failed, and the buttons that help.

Whoever may look at the machine's jobs may look at it; each button asks for its own permission.
"""

import datetime as dt
import platform
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from digest_site import logs
from papers import jobs, pipeline
from papers.models import Beat, Job
from papers.tasks import BEAT, run_now
from papers.tasks import SCHEDULES as PAPERS_SCHEDULES
from posts import ledgers
from posts.tasks import SCHEDULES
from posts.telling import ping

from . import health, installation

SHOWN_JOBS = 30
SHOWN_GAPS = 10
# Of the heartbeats; a machine's own is `worker:HOST`.
NAMES = {BEAT: "后台", health.BACKUP: "备份", ping.NAME: "PING_URL", health.SAMPLE: "样例版"}
SERVER_VERSION = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}
LOOKS = (
    *(
        health.worker_if_any,
        health.last_day,
        health.backlog,
        health.arxiv_throttle,
        health.model_halt,
        health.budget,
        health.jobs_left,
        health.queue,
    ),
    *(health.schedules, installation.database, installation.migrations, installation.cache_server),
    *(installation.disk, health.backup),
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """GET shows, POST does what one button says and comes back."""
    if not request.user.has_perm("papers.view_job"):
        raise PermissionDenied
    if request.method == "POST":
        messages.success(request, act(request))
        return HttpResponseRedirect(reverse("status"))
    return TemplateResponse(request, "admin/status.html", admin.site.each_context(request) | context())


def context() -> dict[str, Any]:
    """What the page shows; nothing of it is secret."""
    gaps = ledgers.gaps()
    return {
        "title": "运行状态",
        "signs": [*health.look(LOOKS), *filter(None, [health.sample_edition()])],
        "halt": pipeline.current_halt(),
        "gaps": gaps[-SHOWN_GAPS:],
        "more_gaps": len(gaps[:-SHOWN_GAPS]),
        "work": work(),
        "states": Job.State.labels,
        "given_up": given_up(),
        "number_given_up": Job.objects.filter(state=Job.State.DEAD).count(),
        "beats": [(NAMES.get(beat.name, beat.name), beat) for beat in Beat.objects.order_by("name")],
        "versions": versions(),
    }


def work() -> list[dict[str, Any]]:
    """The Job table, a row for each kind: how many in each state, and since when the oldest one waits its turn."""
    rows = Job.objects.order_by().values_list("kind", "state").annotate(Count("pk"), Min("changed_at"))
    counts = {(kind, state): (number, oldest) for kind, state, number, oldest in rows}
    return [
        {
            "kind": label,
            "numbers": [(state, counts.get((kind, state), (0, None))[0]) for state in Job.State.values],
            "oldest": _ago(counts.get((kind, Job.State.QUEUED))),
        }
        for kind, label in Job.Kind.choices
        if any((kind, state) in counts for state in Job.State.values)
    ]


def _ago(queued: tuple[int, dt.datetime] | None) -> str:
    return health.ago(queued[1]) if queued else ""


def given_up() -> list[Job]:
    """What was given up, the newest first, with reasons that show no secret."""
    found = list(Job.objects.filter(state=Job.State.DEAD).order_by("-changed_at")[:SHOWN_JOBS])
    for job in found:
        job.reason = logs.clean(job.reason)
    return found


def versions() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(SERVER_VERSION[connection.vendor])
        server = cursor.fetchone()[0]
    return [
        ("Python", platform.python_version()),
        ("Django", django.__version__),
        (connection.display_name, server),
        ("队列", "Redis" if settings.REDIS_URL else "数据库"),
        ("翻译模型", settings.OPENAI_MODEL),
        ("解读模型", settings.OPENAI_ANALYSIS_MODEL),
    ]


# --- Buttons ---------------------------------------------------------------------------------------------------


def act(request: HttpRequest) -> str:
    """Do what the pressed button says; what is to be told about it."""
    name = next((name for name in BUTTONS if name in request.POST), "")
    permission, do = BUTTONS.get(name, ("", None))
    if do is None or not request.user.has_perm(permission):
        raise PermissionDenied
    said = do(request.POST[name])
    run_now(PAPERS_SCHEDULES | SCHEDULES)
    return said


def retry(which: str) -> str:
    """Start one given-up job over, by its key, or `all` of them."""
    dead = Job.objects.filter(state=Job.State.DEAD)
    if which != "all":
        dead = dead.filter(pk=int(which) if which.isdecimal() and which.isascii() else 0)
    return f"已重新排入 {jobs.start_over(dead)} 项作业"


def resume(_: str) -> str:
    return "模型调用已恢复" if pipeline.clear_halt() else "没有暂停"


def run(_: str) -> str:
    return "后台会在半分钟内看一遍"


BUTTONS: dict[str, tuple[str, Callable[[str], str]]] = {
    "retry": ("papers.approve_summary", retry),
    "resume": ("posts.publish_dailypost", resume),
    "run": ("posts.publish_dailypost", run),
}
