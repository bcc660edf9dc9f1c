"""The fake arXiv's HTML, written as arXiv writes it: listings, catch-up, abstract pages, LaTeXML pages.

The listing markup is what readers of arxiv.org/list/<cat>/new know: `#dlpage`, one `dl#articles` per section with
its heading inside. Each function returns text; status and headers are the server's business.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from tests.fakes import arxiv_taxonomy as taxonomy
from tests.fakes.arxiv_text import long_date, one_line, size_kb
from tests.fakes.arxiv_world import FakePaper, Listed, Version

# --- listings: /list/<cat>/new, /catchup/<cat>/<date> -----------------------------------------------------------

_SECTIONS = (("new", "New"), ("cross", "Cross"), ("replace", "Replacement"))
_INDEX = {"new": "New submissions", "cross": "Cross-lists", "replace": "Replacements"}


@dataclass(frozen=True)
class Listing:
    """A listing page: `entries` are all of the day, the page shows [skip, skip + show).

    `hidden` entries are counted in the headings and not printed. `abstracts` is what catchup's `abs` asks for.
    """

    category: str
    day: date
    entries: Sequence[Listed]
    skip: int = 0
    show: int = 2000
    abstracts: bool = True
    hidden: frozenset[str] = field(default_factory=frozenset)

    def sections(self) -> Iterable[tuple[str, str, list[tuple[int, Listed]]]]:
        """Kind, heading, numbered entries of each section that this page reaches."""
        numbered = list(enumerate(self.entries, 1))
        for kind, word in _SECTIONS:
            own = [(number, entry) for number, entry in numbered if entry.kind.startswith(kind)]
            shown = [pair for pair in own if self.skip < pair[0] <= self.skip + self.show]
            if shown:
                yield kind, f"{word} submissions ({_showing(own, shown)} entries)", shown


def _showing(own: list[tuple[int, Listed]], shown: list[tuple[int, Listed]]) -> str:
    continued = shown[0] != own[0]
    last = shown[-1] == own[-1]
    words = ("continued, showing last " if last else "continued, showing ") if continued else "showing "
    return f"{words}{'' if last or continued else 'first '}{len(shown)} of {len(own)}"


def listing(page: Listing) -> str:
    """`/list/<cat>/new`."""
    name = taxonomy.NAMES.get(page.category) or taxonomy.ARCHIVES[page.category]
    sections = _sections(page) or "    <p>No updates today.</p>\n"
    body = (
        f"<div id='content-inner'>\n<div id='dlpage'>\n  <h1>{escape(name)}</h1>\n"
        f"  <ul>\n{_index(page)}  </ul>\n\n"
        f'  <p>See <a id="recent-{page.category}" aria-labelledby="recent-{page.category}" '
        f'href="/list/{page.category}/recent">recent</a> articles</p>\n'
        f"  <h3>Showing new listings for {long_date(page.day)}</h3>\n"
        f"{_paging(page)}{sections}{_paging(page)}</div>\n</div>\n"
    )
    return _site_page(name, body)


def catchup(page: Listing, next_day: date | None) -> str:
    """`/catchup/<cat>/<date>`."""
    name = taxonomy.display(page.category) if "." in page.category else page.category
    day = page.day.strftime("%a, %d %b %Y")
    sections = (
        _sections(page)
        or f"      <br>\n        <div>\n          <p>No updates for {day}</p>\n        </div>\n"
    )
    total = f"    <div>\n      Total of {len(page.entries)} entries \n{_catchup_pages(page)}      <br>\n"
    if next_day:
        address = f"/catchup/{page.category}/{next_day}?abs={page.abstracts}&amp;page=1"
        words = next_day.strftime("%a, %d %b %Y")
        total += f'        <a href="{address}">Continue catchup on {words}</a>\n'
    total += "    </div>\n"
    body = (
        f"<div id='content-inner'>\n<div id='dlpage'>\n  <h1>Catchup results for {escape(name)} on {day}</h1>\n"
        f"    <ul>\n{_index(page)}    </ul>\n{total}{sections}{total}</div>\n</div>\n"
    )
    return _site_page("Catchup", body)


def _catchup_pages(page: Listing) -> str:
    if len(page.entries) <= page.show:
        return ""
    numbers = range(1, len(page.entries) // page.show + 2)
    here = page.skip // page.show + 1
    address = f"/catchup/{page.category}/{page.day}?abs={page.abstracts}"
    links = (f"<span>{n}</span>" if n == here else f"<a href={address}&amp;page={n}>{n}</a>" for n in numbers)
    return "  View page:\n    " + "\n    ".join(links) + "\n"


def _index(page: Listing) -> str:
    lines, number = [], 1
    for kind, _ in _SECTIONS:
        count = sum(entry.kind.startswith(kind) for entry in page.entries)
        if count:
            lines.append(f'  <li><a href="#item{number}" rel="nofollow">{_INDEX[kind]}</a></li>\n')
        number += count
    return "".join(lines)


def _paging(page: Listing) -> str:
    total = len(page.entries)
    if not total:
        return ""
    return (
        f"    <div class='paging'>Total of {total} entries {_page_links(page)}\n    </div>\n"
        f"    <div class='morefewer'>Showing up to {page.show} entries per page:\n"
        f'      <a href=/list/{page.category}/new?skip={page.skip}&amp;show=1000 rel="nofollow">\n      fewer</a>\n |\n'
        '      <span style="color: #454545">more</span>\n |\n      <span style="color: #454545">all</span>\n'
        "    </div>\n"
    )


def _page_links(page: Listing) -> str:
    total = len(page.entries)
    if total <= page.show:
        return ""
    links = []
    for first in range(0, total, page.show):
        words = f"{first + 1}-{min(first + page.show, total)}"
        address = f"/list/{page.category}/new?skip={first}&amp;show={page.show}"
        here = first == page.skip
        links.append(f"<span>{words}</span>" if here else f'<a href={address} rel="nofollow">{words}</a>')
    return ":\n      " + "\n      ".join(links)


def _sections(page: Listing) -> str:
    return "".join(
        f"\n<dl id='articles'>\n    <h3>{heading}</h3>\n"
        + "".join(
            _listed(number, entry, page) for number, entry in shown if entry.paper.arxiv_id not in page.hidden
        )
        + "</dl>\n"
        for kind, heading, shown in page.sections()
    )


def _listed(number: int, entry: Listed, page: Listing) -> str:
    paper, version = entry.paper, entry.version
    name = paper.arxiv_id
    note = {"cross": f"(cross-list from {paper.primary})", "new": ""}.get(entry.kind, "(replaced)")
    return (
        f"    <dt>\n      <a name='item{number}'>[{number}]</a>\n"
        f'      <a href ="/abs/{name}" title="Abstract" id="{name}">\n        arXiv:{name}\n      </a>\n'
        f"      {note}\n        {_downloads(paper, version)}\n    </dt>\n    <dd>\n      <div class='meta'>\n"
        "        <div class='list-title mathjax'><span class='descriptor'>Title:</span>\n"
        f"          {escape(one_line(paper.text(version, 'title')))}\n        </div>\n"
        f"        <div class='list-authors'>{_author_links(paper, version)}</div>\n"
        + _described("comments mathjax", "Comments:", paper.text(version, "comment"))
        + _described("journal-ref", "Journal-ref:", paper.journal)
        + f"        <div class='list-subjects'><span class='descriptor'>Subjects:</span>\n"
        f"          {_subjects(paper, page.day)}\n        </div>\n"
        + _listed_abstract(entry, page)
        + "      </div>\n    </dd>\n"
    )


def _listed_abstract(entry: Listed, page: Listing) -> str:
    """Replacements are listed without their abstract."""
    if not page.abstracts or entry.kind.startswith("replace"):
        return ""
    abstract = escape(one_line(entry.paper.text(entry.version, "abstract")))
    return f"\n        <p class='mathjax'>\n          {abstract}\n        </p>\n"


def _downloads(paper: FakePaper, version: Version) -> str:
    name = paper.arxiv_id
    links = [
        f'<a href="/pdf/{name}" title="Download PDF" id="pdf-{name}" aria-labelledby="pdf-{name}">pdf</a>'
    ]
    if paper.html is not None:
        address = f"https://arxiv.org/html/{name}v{version.number}"
        links.append(
            f'<a href="{address}" title="View HTML" id="html-{name}" aria-labelledby="html-{name}" '
            'rel="noopener noreferrer" target="_blank">html</a>'
        )
    links.append(
        f'<a href="/format/{name}" title="Other formats" id="oth-{name}" aria-labelledby="oth-{name}">other</a>'
    )
    return "[" + ", ".join(links) + "]"


def _author_links(paper: FakePaper, version: Version) -> str:
    archive = paper.primary.split(".")[0]
    base = f"https://arxiv.org/search/{archive}?searchtype=author&amp;query="
    return ", ".join(
        f'<a href="{base}{quote_plus(name)}" rel="nofollow">{escape(name)}</a>'
        for name in paper.authors_of(version)
    )


def _described(css: str, label: str, text: str | None) -> str:
    if not text:
        return ""
    return (
        f"        <div class='list-{css}'><span class='descriptor'>{label}</span>\n"
        f"          {escape(one_line(text))}\n        </div>\n"
    )


def _subjects(paper: FakePaper, day: date) -> str:
    primary, *others = paper.categories_on(day)
    first = f'<span class="primary-subject">{escape(taxonomy.display(primary))}</span>'
    return "; ".join([first, *(escape(taxonomy.display(code)) for code in others)])


# --- single pages: /abs, /html, and the pages in place of a file --------------------------------------------------


def abstract_page(paper: FakePaper, version: Version, public: Sequence[Version], batch: date) -> str:
    """`/abs/<id>` of one version; `public` are the versions in its history, `batch` the newest listing day."""
    title = escape(one_line(paper.text(version, "title")))
    name = f"{paper.arxiv_id}v{version.number}"
    withdrawn = "<p>This paper has been withdrawn.</p>\n" if version.withdrawn else ""
    body = (
        f"<div id='content-inner'>\n<div id='abs'>\n<h1 class=\"title mathjax\"><span class=\"descriptor\">Title:</span>{title}</h1>\n"
        f'<div class="authors"><span class="descriptor">Authors:</span>{_author_links(paper, version)}</div>\n{withdrawn}'
        '<blockquote class="abstract mathjax">\n<span class="descriptor">Abstract:</span>'
        f"{escape(one_line(paper.text(version, 'abstract')))}\n</blockquote>\n<table>\n"
        + _row("comments mathjax", "Comments:", paper.text(version, "comment"))
        + f'<tr><td class="tablecell label">Subjects:</td><td class="tablecell subjects">{_subjects(paper, batch)}</td></tr>\n'
        f'<tr><td class="tablecell label">Cite as:</td><td class="tablecell arxivid"><a href="https://arxiv.org/abs/{name}">arXiv:{name}</a></td></tr>\n'
        + _row("jref", "Journal reference:", paper.journal)
        + f'</table>\n<div class="abs-license"><a href="{paper.text(version, "licence")}" title="Rights to this article">view license</a></div>\n'
        f'<div class="submission-history">\n<h2>Submission history</h2>\n{_history(paper, public)}</div>\n</div>\n</div>\n'
    )
    return _site_page(f"[{name}] {title}", body)


def _row(css: str, label: str, text: str | None) -> str:
    if not text:
        return ""
    return (
        f'<tr><td class="tablecell label">{label}</td><td class="tablecell {css}">{escape(text)}</td></tr>\n'
    )


def _history(paper: FakePaper, public: Sequence[Version]) -> str:
    return "".join(
        f"<strong>[v{one.number}]</strong> {one.submitted.strftime('%a, %-d %b %Y %H:%M:%S UTC')} "
        f"({'withdrawn' if one.withdrawn else f'{size_kb(paper, one):,} KB'})<br/>\n"
        for one in public
    )


def missing_file(name: str, heading: str, words: str) -> str:
    """The page that arXiv shows in place of a PDF or an HTML version; the `<h1>` says why."""
    return _site_page(f"No file for {name}", f"<h1>{escape(heading)}</h1>\n<p>{escape(words)}</p>\n")


def untitled_page() -> str:
    """A failed conversion, which arXiv publishes with HTTP 200."""
    return (
        '<!DOCTYPE html><html lang="en">\n<head>\n<meta http-equiv="content-type" content="text/html; charset=UTF-8">\n'
        "<title>Untitled Document</title>\n</head>\n<body>\n"
        '<div class="ltx_page_main"><div class="ltx_page_content"><article class="ltx_document">\n'
        '<span class="ltx_ERROR undefined">\\documentclass</span>\n</article></div>\n'
        '<footer class="ltx_page_footer">Generated by LaTeXML oxide (version 0.7.6)</footer></div>\n</body></html>\n'
    )


def _site_page(title: str, body: str) -> str:
    """arXiv's page frame: its own links and headings are part of what a parser must not trip over."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n\n<head>  <title>' + escape(title) + "</title>\n"
        '  <meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '  <meta charset="utf-8"/>\n</head>\n\n<body class="with-cu-identity">\n'
        '<header><div id="header"><h1>arXiv</h1><a href="/IgnoreMe"></a>\n'
        '<a href="https://info.arxiv.org/help">Help</a> | <a href="https://arxiv.org/search/advanced">Advanced Search</a>\n'
        '</div></header>\n<main>\n<div id="content">\n' + body + "</div>\n</main>\n"
        '<footer><a href="https://info.arxiv.org/about">About</a> <a href="https://status.arxiv.org">arXiv '
        "Operational Status</a></footer>\n</body>\n</html>\n"
    )
