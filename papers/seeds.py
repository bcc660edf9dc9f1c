"""Rows that every installation starts with; what people changed since is never touched."""

from pathlib import Path

from . import taxonomy, terms
from .models import Category, Term

TERMS = Path(__file__).parent / "data" / "terms.csv"


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
        known = terms.read_csv(TERMS.read_text(encoding="utf-8"))
        Term.objects.bulk_create([term_row(term) for term in known], ignore_conflicts=True)


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
