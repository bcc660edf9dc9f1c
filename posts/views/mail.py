"""The pages around a subscription by mail.

Looking at a link changes nothing, because mail scanners look at every link; a button does. The one-click
POST of RFC 8058 comes from the reader's mail service: it has no cookie and no token but the one in the address.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from posts.models import Digest, Subscriber
from posts.telling import mailing

METHODS = ["GET", "HEAD", "POST"]
LONGEST_ADDRESS = 254


@never_cache
@csrf_exempt
@require_http_methods(METHODS)
def ask(request: HttpRequest) -> HttpResponse:
    """The form, and what it sends. The answer is the same for every address."""
    if not settings.MAIL_ON:
        raise Http404("本站没有开通邮件订阅")
    digests = list(Digest.objects.filter(active=True))
    if request.method != "POST":
        return render(request, "posts/mail_ask.html", {"digests": digests})
    email = request.POST.get("email", "").strip()
    digest = next((one for one in digests if one.slug == request.POST.get("digest")), None)
    problem = _problem(request, email, digest)
    if problem or digest is None:
        context = {"digests": digests, "problem": problem, "email": email[:LONGEST_ADDRESS]}
        return render(request, "posts/mail_ask.html", context, status=400)
    if not request.POST.get("website"):
        mailing.ask(digest, email)
    return render(request, "posts/mail_ask.html", {"asked": email})


def _problem(request: HttpRequest, email: str, digest: Digest | None) -> str:
    origin = request.headers.get("Origin")
    ours = (request.get_host(), urlsplit(settings.SITE_URL).netloc)
    if origin is not None and urlsplit(origin).netloc not in ours:
        return "请从本页提交。"
    if digest is None:
        return "请选择一份日报。"
    try:
        if len(email) > LONGEST_ADDRESS:
            return "邮箱地址太长。"
        validate_email(email)
    except ValidationError:
        return "这不像一个邮箱地址。"
    return ""


@never_cache
@csrf_exempt
@require_http_methods(METHODS)
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    subscriber = _subscriber_or_404(token)
    if request.method == "POST":
        mailing.confirm(token)
    return _answer(request, subscriber, "confirm")


@never_cache
@csrf_exempt
@require_http_methods(METHODS)
def leave(request: HttpRequest, token: str) -> HttpResponse:
    subscriber = _subscriber_or_404(token)
    if request.method == "POST":
        mailing.leave(token)
    return _answer(request, subscriber, "leave")


def _subscriber_or_404(token: str) -> Subscriber:
    subscriber = Subscriber.objects.filter(token=token).select_related("digest").first()
    if subscriber is None:
        raise Http404("没有这个订阅，链接可能不完整")
    return subscriber


def _answer(request: HttpRequest, subscriber: Subscriber, what: str) -> HttpResponse:
    context = {"subscriber": subscriber, "what": what, "done": request.method == "POST"}
    return render(request, "posts/mail_answer.html", context)
