"""/sitemap.xml: an index over days, papers, categories and the standing pages."""

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sites.requests import RequestSite
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from papers.models import Generation, Summary
from posts import addresses
from posts.models import DailyPost, Digest, Entry


class Site(Sitemap):
    """Addresses are the site's own, whatever host was asked."""

    limit = 2000

    def get_domain(self, site: RequestSite | None = None) -> str:
        return urlsplit(settings.SITE_URL).netloc

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme

    def get_latest_lastmod(self) -> dt.datetime | None:
        """When anything public last changed; the index does not read every row for it."""
        return Generation.objects.filter(pk=1).values_list("changed_at", flat=True).first()


class Days(Site):
    def items(self) -> QuerySet[DailyPost]:
        return DailyPost.objects.published().select_related("digest").order_by("-date", "digest")

    def lastmod(self, item: DailyPost) -> dt.datetime | None:
        return item.changed_at


class Papers(Site):
    def items(self) -> QuerySet[Any]:
        public = Entry.objects.public().filter(paper=OuterRef("paper"))
        rows = Summary.objects.shown().filter(Exists(public)).order_by("-paper")
        return rows.values_list("paper__arxiv_id", "public_changed_at")

    def location(self, item: tuple[str, dt.datetime]) -> str:
        return addresses.paper(item[0])

    def lastmod(self, item: tuple[str, dt.datetime]) -> dt.datetime:
        return item[1]


class Pages(Site):
    NAMES = ["home", "archive", "categories", "tags", "glossary", "statistics", "subscribe", "about"]

    def items(self) -> list[str]:
        digests = [digest.get_absolute_url() for digest in Digest.objects.filter(active=True)]
        codes = {code for digest in Digest.objects.filter(active=True) for code in digest.categories}
        shelves = [reverse("posts-category", args=[code]) for code in sorted(codes)]
        return [reverse(f"posts-{name}") for name in self.NAMES] + digests + shelves

    def location(self, item: str) -> str:
        return item


SITEMAPS = {"days": Days, "papers": Papers, "pages": Pages}
