"""Validators of feeds: a tag that proves by one row that nothing changed, and by content where that fails.

A tag names the software and the content generation it was made by, its address, and a hash of the content:
W/"software.generation.address.content". A reader who comes back with the generation that still is needs
no feed made; after a change elsewhere on the site the content still tells that this feed is the same.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_etags

# What draws feeds. Another release may draw the same content differently, under any generation.
_SOURCES = ("posts/**/*.py", "papers/taxonomy.py", "digest_site/settings.py")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\x00".join(parts)).hexdigest()[:16]


def _software() -> str:
    files = sorted(path for source in _SOURCES for path in settings.BASE_DIR.glob(source) if path.is_file())
    return _digest(settings.SITE_URL.encode(), *map(Path.read_bytes, files))


SOFTWARE = _software()


def etag(generation: str, address: str, body: bytes) -> str:
    return f'W/"{_promise(generation, address)}.{_digest(body)}"'


def unchanged(request: HttpRequest, generation: str) -> str | None:
    """The reader's own tag if it was given at this address for this generation."""
    promise = _promise(generation, request.get_full_path())
    return next((tag for tag in _tags(request) if tag.startswith(f'W/"{promise}.')), None)


def same_content(request: HttpRequest, etag: str) -> str:
    """The reader's own tag if it stands for the same content as `etag`, else `etag`."""
    end = etag.rpartition(".")[2]
    return next((tag for tag in _tags(request) if "." in tag and tag.endswith(f".{end}")), etag)


def _promise(generation: str, address: str) -> str:
    return f"{SOFTWARE[:8]}.{generation}.{_digest(address.encode('utf-8', 'replace'))[:8]}"


def _tags(request: HttpRequest) -> list[str]:
    return parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
