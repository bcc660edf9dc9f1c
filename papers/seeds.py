"""Rows that every installation starts with; what people changed since is never touched."""

from . import taxonomy, term_files, terms
from .models import Category, Term


def plant() -> None:
    """arXiv's categories (renamed ones are mended), and our own terms where the term base is empty."""
    Category.objects.bulk_create(
        [
            Category(
                code=category.code,
                name_en=category.name_en,
                name_zh=category.name_zh,
                aliases=[name for name in taxonomy.names_of(category.code) if name != category.code],
            )
            for category in taxonomy.CATEGORIES
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name_en", "name_zh", "aliases"],
    )
    if not Term.objects.exists():
        Term.objects.bulk_create(map(term_row, term_files.seed_terms()), ignore_conflicts=True)


def term_row(term: terms.Term) -> Term:
    return Term(
        english=term.english,
        chinese=term.chinese,
        variants=list(term.variants),
        keep_as_is=term.keep_as_is,
        forbidden=list(term.forbidden),
        is_topic=term.is_topic,
        note=term.note,
    )
