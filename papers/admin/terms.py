"""The term base: edited here one by one, or as a CSV file in a spreadsheet."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from papers import seeds, term_files
from papers.models import Generation, Term
from papers.pipeline.edits import known_terms

LARGEST_FILE = 2 * 1024 * 1024


class PipeListField(forms.CharField):
    """A list of strings as one line, parted by |."""

    def prepare_value(self, value: Any) -> Any:
        return "|".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return value
        text = super().to_python(value) or ""
        return list(
            dict.fromkeys(part.strip() for part in text.replace("｜", "|").split("|") if part.strip())
        )


class TermForm(forms.ModelForm):
    variants = PipeListField(label="可接受的译名", required=False, help_text="用 | 分开")
    forbidden = PipeListField(label="禁用译名", required=False, help_text="用 | 分开")

    class Meta:
        model = Term
        fields = ["english", "chinese", "variants", "keep_as_is", "forbidden", "is_topic", "note"]

    def clean(self) -> dict[str, Any]:
        """What the CSV file refuses is refused here too."""
        data = super().clean() or {}
        if not data.get("chinese") and not data.get("keep_as_is"):
            self.add_error("chinese", "请填写译名，或勾选“保留英文”")
        if data.get("chinese") and data["chinese"] in (data.get("forbidden") or []):
            self.add_error("forbidden", "首选译名同时被禁用")
        return data


class UploadForm(forms.Form):
    file = forms.FileField(
        label="CSV 文件", help_text="UTF-8 或 GB18030；列：" + "、".join(term_files.COLUMNS)
    )

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise ValidationError("文件超过 2 MB")
        return _decoded(file.read())


def _decoded(data: bytes) -> str:
    """Spreadsheets in China save CSV as GB18030 as often as UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValidationError("文件既不是 UTF-8 也不是 GB18030 编码")


@admin.register(Term)
class TermAdmin(admin.ModelAdmin):
    form = TermForm
    list_display = ["english", "chinese", "also_right", "keep_as_is", "wrong", "is_topic", "note"]
    list_filter = ["is_topic", "keep_as_is"]
    search_fields = ["english", "chinese", "variants", "forbidden", "note"]
    list_per_page = 200
    change_list_template = "admin/papers/term/change_list.html"

    @admin.display(description="可接受的译名")
    def also_right(self, term: Term) -> str:
        return "、".join(term.variants)

    @admin.display(description="禁用译名")
    def wrong(self, term: Term) -> str:
        return "、".join(term.forbidden)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export/", view(self.export_view), name="papers_term_export"),
            path("import/", view(self.import_view), name="papers_term_import"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """The whole term base; cells that a spreadsheet would run as a formula are made harmless."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = "\ufeff" + term_files.write_csv(known_terms())
        return HttpResponse(
            text.encode(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="terms.csv"'},
        )

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Add and change the terms of a file; a file with a bad line changes nothing."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        problems: list[tuple[int | None, str]] = []
        if form.is_valid():
            counts, problems = _take_in(form.cleaned_data["file"])
            if not problems:
                self.message_user(request, counts, messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:papers_term_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": "导入术语表",
            "opts": self.opts,
            "form": form,
            "problems": problems,
            "columns": term_files.COLUMNS,
        }
        return TemplateResponse(request, "admin/papers/term/import.html", context)


def _take_in(text: str) -> tuple[str, list[tuple[int | None, str]]]:
    """Store the terms of a CSV text: what to tell the editor, or the problems with their lines."""
    try:
        rows = [seeds.term_row(term) for term in term_files.read_csv(text)]
    except term_files.TermFileError as error:
        return "", list(error.problems)
    if too_long := [problem for row in rows for problem in _too_long(row)]:
        return "", too_long
    before = {term.english: term for term in known_terms()}
    new = sum(row.english not in before for row in rows)
    with transaction.atomic():
        Term.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["english"],
            update_fields=["chinese", "variants", "keep_as_is", "forbidden", "is_topic", "note"],
        )
        Generation.bump()
    return f"已读入 {len(rows)} 条：新增 {new} 条，更新 {len(rows) - new} 条；文件里没有的条目保持原样", []


def _too_long(row: Term) -> list[tuple[int | None, str]]:
    fields = [field for field in Term._meta.fields if getattr(field, "max_length", None)]
    return [
        (None, f"术语“{row.english[:40]}”的“{field.verbose_name}”超过 {field.max_length} 个字符")
        for field in fields
        if len(getattr(row, field.attname)) > field.max_length
    ]
