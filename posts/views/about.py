"""Pages about the site itself, and the small files that robots and monitors ask for."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from posts.models import Digest


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 page, with the reason where a view gave a Chinese one."""
    reason = str(exception.args[0]) if exception.args and isinstance(exception, Http404) else ""
    shown = "" if reason.isascii() else reason
    return render(request, "404.html", {"reason": shown}, status=404)


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "posts/about.html")


@require_safe
def subscribe(request: HttpRequest) -> HttpResponse:
    """Every feed of the site with its address."""
    context = {"digests": Digest.objects.filter(active=True), "mail_on": settings.MAIL_ON}
    return render(request, "posts/subscribe.html", context)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /search/",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
