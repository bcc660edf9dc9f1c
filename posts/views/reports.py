"""报错: a reader says that something in a paper's Chinese text is wrong.

The page sets no cookie, so it cannot carry a CSRF token; it changes nothing but a queue that editors
read, and takes a post only from its own site.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest_site.headers import client_address
from papers.models import Paper
from posts.limits import too_often
from posts.models import Report
from posts.views.papers import canonical_or_404, card_or_404

OPEN_REPORTS_A_PAPER = 20
BY_ONE_AN_HOUR = 10
LIMITS = {"sentence": 2000, "message": 2000, "contact": 200}


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, name: str) -> HttpResponse:
    card = card_or_404(canonical_or_404(name))
    if request.method != "POST":
        sentence = request.GET.get("sentence", "")[: LIMITS["sentence"]]
        return render(request, "posts/report.html", {"card": card, "sentence": sentence})
    given = {field: _clean(request.POST.get(field, ""))[:limit] for field, limit in LIMITS.items()}
    status, problem = _problem(request, card.paper, given)
    if problem:
        return render(
            request, "posts/report.html", {"card": card, "problem": problem, **given}, status=status
        )
    if not request.POST.get("website"):
        Report.objects.create(paper=card.paper, **given)
    return render(request, "posts/report.html", {"card": card, "sent": True})


def _clean(text: str) -> str:
    return "".join(c for c in text if c.isprintable() or c in "\n\t").strip()


def _problem(request: HttpRequest, paper: Paper, given: dict[str, str]) -> tuple[int, str]:
    """HTTP status, and what is wrong, if anything."""
    if not is_from_here(request):
        return 400, "请从本页提交。"
    if not given["message"]:
        return 400, "请写明哪里不对。"
    if paper.reports.filter(settled_at=None).count() >= OPEN_REPORTS_A_PAPER:
        return 429, "这篇论文已有许多待处理的报错，编辑正在看，谢谢。"
    if too_often("reports", client_address(request), BY_ONE_AN_HOUR):
        return 429, "这一小时里您报了很多处，编辑先看这些；请过一会儿再报。"
    return 200, ""


def is_from_here(request: HttpRequest) -> bool:
    """Browsers say where a form was; what says nothing is no browser and carries nobody's rights."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc in (
        request.get_host(),
        urlsplit(settings.SITE_URL).netloc,
    )
