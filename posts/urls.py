"""Public addresses; they are a contract (DESIGN §5)."""

from django.contrib.sitemaps import views as sitemaps
from django.urls import include, path, register_converter

from posts.sitemaps import SITEMAPS
from posts.views import about, days, glossary, papers, reports, searching, shelves, statistics, twins
from posts.views.health import healthz, ledger


class Digits:
    """A number written with exactly so many digits, passed on as text."""

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class FourDigits(Digits):
    regex = "[0-9]{4}"


class TwoDigits(Digits):
    regex = "[0-9]{2}"


register_converter(FourDigits, "yyyy")
register_converter(TwoDigits, "nn")

DAY = "d/<slug:slug>/<yyyy:year>/<nn:month>/<nn:day>"

urlpatterns = [
    # /
    path("", days.home, name="posts-home"),
    # /d/speech/2026/01/28/
    path("d/<slug:slug>/", days.digest, name="posts-digest"),
    path(f"{DAY}/", days.day, name="posts-day"),
    path(f"{DAY}.md", twins.day_markdown, name="posts-day-md"),
    path(f"{DAY}.json", twins.day_json, name="posts-day-json"),
    # /papers/2601.19786/
    path("papers/<path:name>.md", twins.paper_markdown, name="posts-paper-md"),
    path("papers/<path:name>.json", twins.paper_json, name="posts-paper-json"),
    path("papers/<path:name>.bib", twins.paper_bibtex, name="posts-paper-bib"),
    path("papers/<path:name>/report/", reports.report, name="posts-report"),
    path("papers/<path:name>/", papers.paper, name="posts-paper"),
    # /categories/cs.SD/
    path("categories/", shelves.categories, name="posts-categories"),
    path("categories/<str:code>/", shelves.category, name="posts-category"),
    path("tags/", shelves.tags, name="posts-tags"),
    path("tags/<path:name>/", shelves.tag, name="posts-tag"),
    path("stars/", shelves.stars, name="posts-stars"),
    path("archive/", days.archive, name="posts-archive"),
    path("search/", searching.results, name="posts-search"),
    path("statistics/", statistics.statistics, name="posts-statistics"),
    path("glossary/", glossary.glossary, name="posts-glossary"),
    path("glossary/<path:name>/", glossary.term, name="posts-term"),
    path("subscribe/", about.subscribe, name="posts-subscribe"),
    path("about/", about.about, name="posts-about"),
    # /sitemap.xml
    path("sitemap.xml", sitemaps.index, {"sitemaps": SITEMAPS, "sitemap_url_name": "posts-sitemap"}),
    path("sitemap-<section>.xml", sitemaps.sitemap, {"sitemaps": SITEMAPS}, name="posts-sitemap"),
    path("robots.txt", about.robots, name="posts-robots"),
    path("healthz", healthz, name="posts-healthz"),
    path("ledger.json", ledger, name="posts-ledger"),
    path("", include("posts.feed_urls")),
    path("", include("posts.mail_urls")),
]
