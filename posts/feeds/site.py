"""What every feed says of the site, and the identifiers that never change."""

from urllib.parse import quote

from django.conf import settings

SITE = "arXiv 中文日报"
# RFC 4151. Not the site's address on purpose: readers show every item again when identifiers change.
TAG = "tag:arxiv-chinese-digest.invalid,2026:"


def tag_uri(*parts: str) -> str:
    return TAG + "/".join(quote(part, safe="/+%") for part in parts)


def absolute(path: str) -> str:
    """An address that means the same whatever host was asked."""
    return f"{settings.SITE_URL}{path}"
