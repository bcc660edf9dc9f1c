"""The pages around a subscription by mail.

Looking at a link changes nothing, because mail scanners look at every link; a button does. The one-click
POST of RFC 8058 comes from the reader's mail service: it has no cookie and no token but the one in the address.
"""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest_site.headers import client_address
from posts.models import Digest, Subscriber
from posts.telling import subscriptions
from posts.views.reports import is_from_here

METHODS = ["GET", "HEAD", "POST"]
LONGEST_ADDRESS = 254


@never_cache
@csrf_exempt
@require_http_methods(METHODS)
def ask(request: HttpRequest) -> HttpResponse:
    """The form, and what it sends. The answer is the same for every address."""
    if not settings.MAIL_ON:
        raise Http404("本站没有开通邮件订阅。")
    digests = list(Digest.objects.filter(active=True))
    if request.method != "POST":
        return render(request, "posts/mail_ask.html", {"digests": digests})
    email = request.POST.get("email", "").strip()
    digest = next((one for one in digests if one.slug == request.POST.get("digest")), None)
    status, problem = _ask(request, email, digest)
    if problem:
        context = {"digests": digests, "chosen": digest, "problem": problem, "email": email[:LONGEST_ADDRESS]}
        return render(request, "posts/mail_ask.html", context, status=status)
    return render(request, "posts/mail_ask.html", {"asked": email})


def _ask(request: HttpRequest, email: str, digest: Digest | None) -> tuple[int, str]:
    """HTTP status, and what is wrong, if anything. Who fills in what people do not see is thanked and forgotten."""
    if problem := _problem(request, email, digest):
        return 400, problem
    if digest and not request.POST.get("website"):
        try:
            subscriptions.ask(digest, email, client_address(request))
        except subscriptions.TooManyAsked:
            return 429, "这一小时里的申请太多了，请过一会儿再试。"
    return 200, ""


def _problem(request: HttpRequest, email: str, digest: Digest | None) -> str:
    if not is_from_here(request):
        return "请从本页提交。"
    if digest is None:
        return "请选择一份日报。"
    try:
        validate_email(email)
    except ValidationError:
        return "这不像一个邮箱地址。"
    return "邮箱地址太长。" if len(email) > LONGEST_ADDRESS else ""


@never_cache
@csrf_exempt
@require_http_methods(METHODS)
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    subscriber = _subscriber_or_404(token)
    if request.method == "POST":
        subscriptions.confirm(subscriber)
    return _answer(request, subscriber, "confirm")


@never_cache
@csrf_exempt
@require_http_methods(METHODS)
def leave(request: HttpRequest, token: str) -> HttpResponse:
    subscriber = _subscriber_or_404(token)
    if request.method == "POST":
        subscriptions.leave(subscriber)
    return _answer(request, subscriber, "leave")


def _subscriber_or_404(token: str) -> Subscriber:
    if subscriber := subscriptions.of_token(token):
        return subscriber
    raise Http404("没有这个订阅：链接可能不完整，或早已退订")


def _answer(request: HttpRequest, subscriber: Subscriber, what: str) -> HttpResponse:
    context = {"subscriber": subscriber, "what": what, "done": request.method == "POST"}
    return render(request, "posts/mail_answer.html", context)
