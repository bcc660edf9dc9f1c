"""How a paper is cited: BibTeX as arXiv offers it, and a line after GB/T 7714."""

import re
import unicodedata

from papers.models import Paper

ESCAPES = {"&": r"\&", "%": r"\%", "#": r"\#"}
# GB/T 7714-2015 names three authors and lets "et al" stand for the rest.
NAMED_AUTHORS = 3


def author_names(paper: Paper) -> list[str]:
    """Names in arXiv's order; sources that know affiliations store objects with a `name`."""
    return [author["name"] if isinstance(author, dict) else str(author) for author in paper.authors]


def gb7714(paper: Paper) -> str:
    """GB/T 7714-2015, an electronic resource: QUILLFEATHER W. Draft once[EB/OL]. (2026-09-14). https://…"""
    names = author_names(paper)
    authors = ", ".join(map(_family_first, names[:NAMED_AUTHORS]))
    others = ", et al" if len(names) > NAMED_AUTHORS else ""
    date = f" ({paper.submitted:%Y-%m-%d})." if paper.submitted else ""
    return f"{authors}{others}. {' '.join(paper.title.split())}[EB/OL].{date} {paper.abs_url}."


def _family_first(name: str) -> str:
    *given, family = name.split() or [""]
    return " ".join([family.upper(), *(part[0].upper() for part in given)])


def bibtex(paper: Paper) -> str:
    """One @misc entry with eprint, archivePrefix and primaryClass, UTF-8, ending in a newline."""
    names = author_names(paper)
    year = f"{paper.submitted:%Y}" if paper.submitted else ""
    fields = {
        "title": f"{{{_plain(paper.title)}}}",
        "author": " and ".join(map(_plain, names)),
        "year": year,
        "eprint": paper.arxiv_id,
        "archivePrefix": "arXiv",
        "primaryClass": paper.primary_category,
        "doi": paper.doi,
        "url": f"https://arxiv.org/abs/{paper.arxiv_id}",
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{_key(names, year, paper)},\n{lines}\n}}\n"


def _key(names: list[str], year: str, paper: Paper) -> str:
    family = names[0].split()[-1] if names and names[0].split() else ""
    letters = unicodedata.normalize("NFKD", family).encode("ascii", "ignore").decode().lower()
    letters = re.sub(r"[^a-z]", "", letters)
    return f"{letters}{year}_{paper.arxiv_id.replace('/', '_')}" if letters else f"arxiv_{paper.arxiv_id}"


def _plain(text: str) -> str:
    """Text for a BibTeX value: TeX in formulae stays, what would end or break the value goes."""
    text = " ".join(text.split())
    escaped = re.sub(r"(?<!\\)[&%#]", lambda match: ESCAPES[match[0]], text)
    return escaped if escaped.count("{") == escaped.count("}") else re.sub(r"[{}]", "", escaped)
