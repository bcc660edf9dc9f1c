"""Users and groups. Somebody who is in the log is switched off, not deleted: the log would forget the name."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.http import HttpRequest

from papers.models import ReviewEvent, Revision

User = get_user_model()
admin.site.unregister([User, Group])

NAMES = "读者在译文后面看到“审校：李四”；不填的只写作“编辑”，登录名不公开"
ROOMS = ["papers", "posts", "taggit", "auth"]
ACTS = {"view": "查看", "add": "增加", "change": "修改", "delete": "删除"}


@admin.register(User)
class EditorAdmin(UserAdmin):
    list_display = [
        "username",
        "last_name",
        "first_name",
        "groups_shown",
        "is_active",
        "is_staff",
        "last_login",
    ]
    list_filter = ["groups", "is_active", "is_staff", "is_superuser"]
    filter_horizontal: list[str] = []
    # What one may do comes with the group; permissions one by one would be a second way to the same.
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("称呼", {"fields": ["last_name", "first_name", "email"], "description": NAMES}),
        ("能做什么", {"fields": ["is_active", "is_staff", "groups", "is_superuser"]}),
        ("日期", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "usable_password", "password1", "password2"]}),
        ("称呼", {"fields": ["last_name", "first_name"], "description": NAMES}),
        ("能做什么", {"fields": ["is_staff", "groups"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Whoever is added here is to work here."""
        return {"is_staff": True} | super().get_changeform_initial_data(request)

    def formfield_for_manytomany(self, field: Any, request: HttpRequest, **options: Any) -> Any:
        """Three groups are three boxes to tick."""
        if field.name == "groups":
            options["widget"] = forms.CheckboxSelectMultiple
        formfield = super().formfield_for_manytomany(field, request, **options)
        if formfield and field.name == "groups":
            formfield.help_text = "观察：看；译审：改和通过；主编：还有发布、撤下、术语、日报设置"
        return formfield

    @admin.display(description="组")
    def groups_shown(self, user: AbstractUser) -> str:
        return "、".join(group.name for group in user.groups.all())

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        if obj is None:
            return allowed
        in_the_log = ReviewEvent.objects.filter(by=obj).exists()
        return allowed and not in_the_log and not Revision.objects.filter(author=obj).exists()

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Many at once are not deleted: the delete action asks nobody about each."""
        where = {"action_location": action_location} if action_location else {}  # Django 6.1 and later
        actions = super().get_actions(request, **where)
        actions.pop("delete_selected", None)
        return actions


class PermissionsField(forms.ModelMultipleChoiceField):
    """Django keeps the names of its own permissions in English; here they are said in Chinese."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, permission: Any) -> str:
        act = permission.codename.partition("_")[0]
        return f"{permission.content_type.name}：{ACTS.get(act, permission.name)}"


@admin.register(Group)
class RoleAdmin(admin.ModelAdmin):
    search_fields = ["name"]

    def formfield_for_manytomany(self, field: Any, request: HttpRequest, **options: Any) -> Any:
        offered = Permission.objects.filter(content_type__app_label__in=ROOMS).select_related("content_type")
        return PermissionsField(label="权限", required=False, queryset=offered)
