"""What browsers may do with our pages: no inline script or style, nothing from anywhere else."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

PUBLIC = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
# Django's admin and its widgets set style attributes.
ADMIN = PUBLIC.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; font-src 'self'"
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


class ContentPolicy:
    """Sets Content-Security-Policy and Permissions-Policy, unless a view has set its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        policy = ADMIN if request.path_info.startswith("/admin/") else PUBLIC
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response
