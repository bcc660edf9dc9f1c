"""BibTeX as arXiv itself offers it: @misc with eprint, archivePrefix and primaryClass."""

import re
import unicodedata

from papers.models import Paper
from posts.cards import author_names

ESCAPES = {"&": r"\&", "%": r"\%", "#": r"\#"}


def entry(paper: Paper) -> str:
    """One @misc entry, UTF-8, ending in a newline."""
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
