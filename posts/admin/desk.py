"""The review desk."""

from django.contrib import admin

from papers.models import Summary


@admin.register(Summary)
class SummaryAdmin(admin.ModelAdmin):
    list_display = ["paper", "status"]
