"""Where the feeds are; the addresses are a contract (DESIGN §5)."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from posts.feeds import views


class FeedFormat(StringConverter):
    regex = r"rss\.xml|atom\.xml|feed\.json"


register_converter(FeedFormat, "feed")

urlpatterns = [
    path("feeds.opml", views.subscriptions, name="feeds-opml"),
    path("feeds/all/<feed:format>", views.all_papers, name="feeds-all"),
    path("feeds/category/<str:categories>/<feed:format>", views.category, name="feeds-category"),
    path("feeds/tag/<path:tag>/<feed:format>", views.tag, name="feeds-tag"),
    path("feeds/d/<slug:digest>/<feed:format>", views.digest, name="feeds-digest"),
    path("feeds/d/<slug:digest>/days/<feed:format>", views.days, name="feeds-days"),
    path("feeds/search/<feed:format>", views.search, name="feeds-search"),
]
