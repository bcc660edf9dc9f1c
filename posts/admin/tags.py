"""Tags: how many papers have each, another name for one, and several made one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from taggit.admin import TagAdmin  # noqa: F401 - registers what we replace
from taggit.models import Tag, TaggedItem

admin.site.unregister(Tag)


class IntoForm(ActionForm):
    into = forms.CharField(label="并入", required=False, max_length=100)


@admin.register(Tag)
class TopicAdmin(admin.ModelAdmin):
    """In the place of taggit's own: that lets all staff merge, and shows rows of the database as a form."""

    list_display = ["name", "used"]
    ordering = ["name"]
    search_fields = ["name"]
    fields = ["name"]
    action_form = IntoForm
    actions = ["merge"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return super().get_queryset(request).annotate(uses=Count("taggit_taggeditem_items"))

    @admin.display(description="用在几篇论文和日报上", ordering="uses")
    def used(self, tag: Any) -> int:
        return tag.uses

    @admin.action(description="把所选标签并入右边填的那个", permissions=["change"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        name = " ".join(request.POST.get("into", "").split())
        if not name:
            self.message_user(request, "请在“并入”里填写标签的名字", messages.ERROR)
            return
        number = merge(list(queryset.order_by("pk")), name)
        self.message_user(request, f"已并入“{name}”：{number} 处", messages.SUCCESS)


@transaction.atomic
def merge(tags: list[Tag], name: str) -> int:
    """Give whatever has one of `tags` the tag `name` instead; how many had one."""
    kept = Tag.objects.filter(name__iexact=name).first() or Tag.objects.create(name=name)
    number = 0
    for item in TaggedItem.objects.filter(tag__in=tags).exclude(tag=kept):
        place = {"content_type": item.content_type, "object_id": item.object_id}
        TaggedItem.objects.get_or_create(tag=kept, **place)
        number += 1
    for tag in tags:
        if tag != kept:
            tag.delete()
    return number
