"""What browsers may do with our pages (no inline script or style, nothing from anywhere else), and who asks."""

from collections.abc import Callable
from ipaddress import ip_address

from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY = "; ".join(
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
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


def client_address(request: HttpRequest) -> str:
    """The address of who asks: the peer's, or what our own proxy says last in X-Forwarded-For.

    A proxy is ours on this machine or in a private network. What stands further left in the header
    the client may have written itself. Empty for a peer without an address (a Unix socket without proxy).
    """
    peer = request.META.get("REMOTE_ADDR", "")
    named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return named if _is_address(named) and (not peer or _is_private(peer)) else peer


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_private(text: str) -> bool:
    return _is_address(text) and ip_address(text).is_private


class ContentPolicy:
    """Sets Content-Security-Policy and Permissions-Policy, unless a view has set its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response
