"""For monitors and process managers: alive, or with ?deep=1 truly well; and the ledger of completeness."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from posts import ledgers
from posts.operations import health

MOST_DAYS = 62


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers and reaches its database; deep: the worker beats, the last day is complete, no halt.

    503 when not all is well, so that a monitor need not read the body.
    """
    if request.GET.get("deep") == "1":
        well, signs = health.deep()
        answer = {"ok": well, **signs}
        return JsonResponse(answer, status=200 if well else 503, json_dumps_params={"ensure_ascii": False})
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return _plain(f"database: {type(error).__name__}\n", 503)
    return _plain("ok\n")


def _plain(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """The ledger of the last ?days=14: what arXiv announced and how far it has come. 503 while there is an alarm."""
    wanted = request.GET.get("days", "")
    days = int(wanted) if wanted.isascii() and wanted.isdigit() else 0
    found = ledgers.state(min(days, MOST_DAYS) or ledgers.DAYS)
    return JsonResponse(
        found, status=503 if found["alarms"] else 200, json_dumps_params={"ensure_ascii": False}
    )
