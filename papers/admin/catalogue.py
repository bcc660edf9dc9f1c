"""What arXiv said: categories, answers of its sources, announcements."""

from django.contrib import admin

from papers.models import Announcement, Category, Poll

from .readonly import ReadOnlyAdmin


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    """The table is arXiv's; which categories are followed is said by the digests."""

    list_display = ["code", "name_zh", "name_en", "also", "followed"]
    list_filter = ["followed"]
    search_fields = ["code", "name_zh", "name_en"]
    list_per_page = 200

    @admin.display(description="别名")
    def also(self, category: Category) -> str:
        return "、".join(category.aliases)


@admin.register(Poll)
class PollAdmin(ReadOnlyAdmin):
    list_display = [
        "asked_at",
        "date",
        "source",
        "category",
        "state",
        "printed_count",
        "found",
        "fresh",
        "note",
    ]
    list_filter = ["source", "state"]
    search_fields = ["category", "note"]
    date_hierarchy = "date"

    @admin.display(description="公布数")
    def printed_count(self, poll: Poll) -> str:
        return "—" if poll.total is None else str(poll.total)


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnlyAdmin):
    list_display = ["date", "category", "arxiv_id", "version", "kind", "seen_in", "first_seen_at"]
    list_filter = ["kind", "category"]
    search_fields = ["=arxiv_id", "=category"]
    date_hierarchy = "date"

    @admin.display(description="来源")
    def seen_in(self, row: Announcement) -> str:
        names = dict(Poll.Source.choices)
        return "、".join(names.get(source, source) for source in row.sources)
