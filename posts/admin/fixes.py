"""The small acts of the desk when there are no scripts: apply a fix, dismiss a finding or take that back, add a term."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest

from papers.models import Finding, Summary

from . import answers
from .typed import Typed


def act(request: HttpRequest, summary: Summary, words: Typed) -> Typed | None:
    """The words after the act, or None when the pressed button was another one."""
    if fingerprint := request.POST.get("fix"):
        return _fixed(request, summary, words, fingerprint)
    if fingerprint := request.POST.get("dismiss_one"):
        if summary.dismiss(request.user, [fingerprint]):
            messages.success(request, "已忽略")
        else:
            messages.error(request, "这一条说的是还没有保存的文字，请先保存再忽略")
        return words
    if fingerprint := request.POST.get("restore_one"):
        summary.restore(request.user, [fingerprint])
        messages.success(request, "不再忽略")
        return words
    if request.POST.get("verb") == "add_term":
        problem = answers.store_term(request.user, request.POST)
        messages.add_message(
            request, messages.ERROR if problem else messages.SUCCESS, problem or "术语已加入"
        )
        return words
    return None


def _fixed(request: HttpRequest, summary: Summary, words: Typed, fingerprint: str) -> Typed:
    """The fix put in where the saved text had it; typed words that moved it away leave it out."""
    finding = Finding.objects.filter(revision=summary.current_id, fingerprint=fingerprint).first()
    if finding is None or finding.fix is None or summary.current is None:
        messages.error(request, "这一条已经不在了")
        return words
    start, end, replacement = finding.fix
    was, typed = summary.current.text[finding.part], words.text[finding.part]
    if typed != was:
        messages.error(request, "文字已经改过，请手工改正这一处，或先保存")
        return words
    messages.success(request, "已改正，还没有保存")
    return replace(words, text=words.text | {finding.part: was[:start] + replacement + was[end:]})
