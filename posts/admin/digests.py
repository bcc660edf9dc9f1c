"""Digests: which categories, which rules, when and how they are published."""

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from papers import taxonomy
from posts.models import Digest

from . import progress


class LinesField(forms.CharField):
    """A list of strings, one a line."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 50})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = (line.strip() for line in (super().to_python(value) or "").splitlines())
        return list(dict.fromkeys(filter(None, lines)))


class CategoriesField(LinesField):
    """arXiv categories under any of their names; kept under the canonical ones."""

    def to_python(self, value: Any) -> list[str]:
        names = re.split(r"[\s,，、;；]+", "\n".join(super().to_python(value)))
        return [taxonomy.canonical(name) or name for name in dict.fromkeys(filter(None, names))]

    def validate(self, value: Any) -> None:
        super().validate(value)
        if unknown := [name for name in value if taxonomy.canonical(name) is None]:
            raise ValidationError(f"arXiv 没有这样的分类：{'、'.join(unknown)}")


class DigestForm(forms.ModelForm):
    categories = CategoriesField(label="分类", help_text="例如 cs.SD eess.AS；别名会换成正式代码")
    include_keywords = LinesField(label="只收含这些词的", required=False, help_text="每行一个；留空即不限")
    exclude_keywords = LinesField(
        label="不收含这些词的", required=False, help_text="每行一个；被排除的仍会存下并计数"
    )

    class Meta:
        model = Digest
        widgets = {
            "description": forms.TextInput(attrs={"size": 80}),
            # Not the admin's own, which offers the browser's time: this one is in the digest's zone.
            "anchor": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        help_texts = {"anchor": "每天从这一刻算起，按下面的时区"}
        fields = [
            "title", "slug", "description", "categories", "primary_only", "include_keywords", "exclude_keywords",
            "anchor", "zone", "policy", "active",
        ]  # fmt: skip

    def clean_zone(self) -> str:
        name = self.cleaned_data["zone"]
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValidationError("没有这样的时区，例如 Asia/Shanghai") from error
        return name


@admin.register(Digest)
class DigestAdmin(admin.ModelAdmin):
    form = DigestForm
    list_display = ["title", "slug", "category_line", "window", "policy", "active", "cost", "pages"]
    list_filter = ["active", "policy"]
    search_fields = ["title", "slug", "description"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A digest is switched off, not deleted: its days and addresses stay."""
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return progress.with_cost(super().get_queryset(request))

    @admin.display(description="分类")
    def category_line(self, digest: Digest) -> str:
        return " ".join(digest.categories)

    @admin.display(description="锚点")
    def window(self, digest: Digest) -> str:
        return f"{digest.anchor:%H:%M} {digest.zone}"

    @admin.display(description="模型费用")
    def cost(self, digest: Digest) -> str:
        return progress.money(getattr(digest, "cost", None)) or "—"

    @admin.display(description="页面")
    def pages(self, digest: Digest) -> SafeString:
        days = reverse("admin:posts_dailypost_changelist")
        calendar = reverse("admin:posts_calendar")
        return format_html(
            '<a href="{}?digest__id__exact={}">每日</a> · <a href="{}?digest={}">日历</a>',
            days,
            digest.pk,
            calendar,
            digest.slug,
        )
