"""The admin as editors meet it: its name, and what is kept out of it."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.apps import AdminConfig
from django.db.models import Model

# The queue only points at the Job table; its own pages would show, and let one edit, what is not the truth.
HIDDEN_APPS = {"django_q"}


class EditorialSite(AdminSite):
    site_title = "arXiv 中文日报"
    site_header = "arXiv 中文日报 · 编辑部"
    index_title = "编辑部"
    site_url = "/"
    empty_value_display = "—"

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin] | None = None,
        **options: Any,
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        shown = [model for model in models if model._meta.app_label not in HIDDEN_APPS]
        super().register(shown, admin_class, **options)


class EditorialAdmin(AdminConfig):
    """Django's admin application with our site as its default one."""

    default = False
    default_site = "digest_site.admin_site.EditorialSite"
