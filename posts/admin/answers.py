"""What the desk's script asks for: small answers in JSON, for editors only, always by POST."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from papers.models import Sitting, Summary, Term
from posts.rendering.characters import printable

from . import page, problems, typed
from .verbs import person_name


def _text(request: HttpRequest, pk: int, permission: str) -> Summary:
    if not request.user.has_perm(permission):
        raise PermissionDenied
    return get_object_or_404(Summary.objects.select_related("paper", "current", "public"), pk=pk)


def _told_if_too_long(answer: Callable[..., JsonResponse]) -> Callable[..., JsonResponse]:
    """Say so instead of an answer: `problem`, and 413."""

    @wraps(answer)
    def told(request: HttpRequest, pk: int) -> JsonResponse:
        try:
            return answer(request, pk)
        except typed.TooLong as error:
            return JsonResponse({"problem": str(error)}, status=413)

    return told


@require_POST
@_told_if_too_long
def look(request: HttpRequest, pk: int) -> JsonResponse:
    """The typed words as readers will see them, aligned, compared and checked. Nothing is stored."""
    summary = _text(request, pk, "papers.view_summary")
    words = typed.read(request.POST, summary)
    stuff = page.material(summary)
    dismissed = problems.dismissed_before(summary) | set(words.dismissed)
    seen = page.view(stuff, words.text, None, dismissed)
    around = {
        "view": seen,
        "summary": summary,
        "paper": summary.paper,
        "may_edit": request.user.has_perm("papers.change_summary"),
    }
    pieces = ("findings", "aligned", "terms")
    answer: dict[str, Any] = {
        name: render_to_string(f"admin/desk/_{name}.html", around, request) for name in pieces
    }
    answer["parts"] = {
        part.name: {"html": part.html, "diff": part.diff, "public": part.public_diff} for part in seen.parts
    }
    return JsonResponse(answer)


@require_POST
@_told_if_too_long
def sit(request: HttpRequest, pk: int) -> JsonResponse:
    """I am here, and this is what I have typed so far; who else is here, and is my base still the current text?"""
    summary = _text(request, pk, "papers.change_summary")
    sitting = Sitting.open(summary, request.user)
    if "abstract" in request.POST:
        words = typed.read(request.POST, summary)
        sitting.keep(words.base, typed.as_draft(words))
    if request.POST.get("leaving") == "1":
        sitting.leave()
    others = Sitting.objects.present().filter(summary=summary).exclude(user=request.user)
    return JsonResponse(
        {
            "others": [person_name(one.user) for one in others],
            "current": str(summary.current_id or ""),
            "status": summary.status,
            "status_name": summary.get_status_display(),
        }
    )


@require_POST
def dismiss(request: HttpRequest, pk: int) -> JsonResponse:
    """Silence one finding of the saved text; one of unsaved words goes with the form instead."""
    summary = _text(request, pk, "papers.change_summary")
    return JsonResponse({"dismissed": summary.dismiss(request.user, [request.POST.get("fingerprint", "")])})


@require_POST
def restore(request: HttpRequest, pk: int) -> JsonResponse:
    """Take a dismissal back, of saved words or of unsaved ones."""
    summary = _text(request, pk, "papers.change_summary")
    return JsonResponse({"restored": summary.restore(request.user, [request.POST.get("fingerprint", "")])})


@require_POST
def add_term(request: HttpRequest, pk: int) -> JsonResponse:
    _text(request, pk, "papers.view_summary")
    problem = store_term(request.user, request.POST)
    return JsonResponse({"problem": problem}, status=400 if problem else 200)


def store_term(user: Any, data: QueryDict) -> str:
    """Add a term to the base, or say in words why not."""
    if not user.has_perm("papers.add_term"):
        raise PermissionDenied
    english = " ".join(printable(data.get("term_english", "")).split())
    chinese = " ".join(printable(data.get("term_chinese", "")).split())
    if not english or not chinese:
        return "请填写英文和译名"
    if known := Term.objects.filter(english__iexact=english).first():
        return f"术语表里已有“{known.english}”，译作“{known.chinese or known.english}”；可在“术语”里修改"
    term = Term(english=english, chinese=chinese)
    try:
        term.full_clean()
    except ValidationError as error:
        return "；".join(error.messages)
    term.save()
    return ""
