"""Every address of the site; the public ones are a contract (DESIGN §5)."""

from django.contrib import admin
from django.urls import include, path

from posts.operations import status

urlpatterns = [
    path("admin/status/", admin.site.admin_view(status.page), name="status"),
    path("admin/", admin.site.urls),
    path("", include("posts.urls")),
]

handler404 = "posts.views.about.not_found"
