"""The fake arXiv's Atom and RSS: the API's answers in both serialisations, and the feeds of the day.

Shapes follow recorded answers: the API of 2018, 2022 and 2025 to 2026, rss.arxiv.org of 2025 and 2026.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from hashlib import sha1
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

from tests.fakes import arxiv_taxonomy as taxonomy
from tests.fakes.arxiv_text import one_line, optional, wrapped, zulu
from tests.fakes.arxiv_world import EASTERN, FakePaper, Listed, Version

XML = "<?xml version='1.0' encoding='UTF-8'?>\n"
_OPENSEARCH = "http://a9.com/-/spec/opensearch/1.1/"
_ARXIV = "http://arxiv.org/schemas/atom"


# --- the API: /api/query ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Results:
    """One page of an API answer. `query`, `id_list` as asked; `batch`: the newest public listing day;
    `entries` are this page's."""

    query: str
    id_list: str
    start: int
    max_results: int
    total: int
    now: datetime
    batch: date
    entries: Sequence[tuple[FakePaper, Version]]

    @property
    def echo(self) -> str:
        """How arXiv repeats the question in the feed's title; a date range comes back as a phrase."""
        text = self.query.replace("[", '"').replace("]", '"')
        return f"search_query={text}&id_list={self.id_list}&start={self.start}&max_results={self.max_results}"

    @property
    def digest(self) -> str:
        return b64encode(sha1(self.echo.encode()).digest()).decode().rstrip("=")


def api_feed(results: Results, old: bool = False) -> str:
    """The Atom feed of a query, in the serialisation of 2025 or the one before."""
    return _api_feed_old(results) if old else _api_feed_2025(results)


def _api_feed_2025(results: Results) -> str:
    query = quote(results.query, safe="")
    link = (
        f"https://arxiv.org/api/query?search_query={query}&start={results.start}"
        f"&max_results={results.max_results}&id_list={results.id_list}"
    )
    body = "".join(_api_entry_2025(paper, version, results.batch) for paper, version in results.entries)
    return (
        f'{XML}<feed xmlns:opensearch="{_OPENSEARCH}" xmlns:arxiv="{_ARXIV}" xmlns="http://www.w3.org/2005/Atom">\n'
        f"  <id>https://arxiv.org/api/{results.digest}</id>\n"
        f"  <title>arXiv Query: {escape(results.echo)}</title>\n"
        f"  <updated>{zulu(results.now)}</updated>\n"
        f'  <link href={quoteattr(link)} type="application/atom+xml"/>\n'
        f"  <opensearch:itemsPerPage>{results.max_results}</opensearch:itemsPerPage>\n"
        f"  <opensearch:totalResults>{results.total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex>{results.start}</opensearch:startIndex>\n"
        f"{body}</feed>\n"
    )


def _api_entry_2025(paper: FakePaper, version: Version, batch: date) -> str:
    name = f"{paper.arxiv_id}v{version.number}"
    lines = [
        f"<id>http://arxiv.org/abs/{name}</id>",
        f"<title>{escape(one_line(paper.text(version, 'title')))}</title>",
        f"<updated>{zulu(version.submitted)}</updated>",
        f'<link href="https://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>',
        f'<link href="https://arxiv.org/pdf/{name}" rel="related" type="application/pdf" title="pdf"/>',
        f"<summary>{escape(one_line(paper.text(version, 'abstract')))}</summary>",
        *(f'<category term="{code}" scheme="{_ARXIV}"/>' for code in paper.categories_on(batch)),
        f"<published>{zulu(paper.versions[0].submitted)}</published>",
        *optional("arxiv:comment", paper.text(version, "comment")),
        f'<arxiv:primary_category term="{paper.primary}"/>',
        *optional("arxiv:journal_ref", paper.journal),
        *(_api_author(paper, name) for name in paper.authors_of(version)),
        *optional("arxiv:doi", paper.doi),
    ]
    if paper.doi:
        lines.append(f'<link rel="related" href="https://doi.org/{escape(paper.doi)}" title="doi"/>')
    return "  <entry>\n" + "".join(f"    {line}\n" for line in lines) + "  </entry>\n"


def _api_author(paper: FakePaper, name: str) -> str:
    """A name, with its affiliation where the authors gave one."""
    lines = [f"      <name>{escape(name)}</name>\n"]
    if name in paper.affiliations:
        lines.append(f"      <arxiv:affiliation>{escape(paper.affiliations[name])}</arxiv:affiliation>\n")
    return "<author>\n" + "".join(lines) + "    </author>"


def _api_feed_old(results: Results) -> str:
    midnight = datetime.combine(results.now.astimezone(EASTERN).date(), time(), EASTERN)
    namespace = f'xmlns:opensearch="{_OPENSEARCH}"'
    link = f"http://arxiv.org/api/query?{quote(results.echo, safe='')}"
    body = "".join(_api_entry_old(paper, version, results.batch) for paper, version in results.entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f'  <link href={quoteattr(link)} rel="self" type="application/atom+xml"/>\n'
        f'  <title type="html">ArXiv Query: {escape(results.echo)}</title>\n'
        f"  <id>http://arxiv.org/api/{results.digest}</id>\n"
        f"  <updated>{midnight.isoformat()}</updated>\n"
        f"  <opensearch:totalResults {namespace}>{results.total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex {namespace}>{results.start}</opensearch:startIndex>\n"
        f"  <opensearch:itemsPerPage {namespace}>{results.max_results}</opensearch:itemsPerPage>\n"
        f"{body}</feed>\n"
    )


def _api_entry_old(paper: FakePaper, version: Version, batch: date) -> str:
    name = f"{paper.arxiv_id}v{version.number}"
    space = f'xmlns:arxiv="{_ARXIV}"'
    lines = [
        f"<id>http://arxiv.org/abs/{name}</id>",
        f"<updated>{zulu(version.submitted)}</updated>",
        f"<published>{zulu(paper.versions[0].submitted)}</published>",
        f"<title>{escape(wrapped(paper.text(version, 'title'), indent='  '))}</title>",
        f"<summary>  {escape(wrapped(paper.text(version, 'abstract')))}\n</summary>",
        *(
            _api_author(paper, name).replace("affiliation>", f"affiliation {space}>", 1)
            for name in paper.authors_of(version)
        ),
        *_old_doi(paper, space),
        *optional("arxiv:comment", paper.text(version, "comment"), space),
        *optional("arxiv:journal_ref", paper.journal, space),
        f'<link href="http://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>',
        f'<link title="pdf" href="http://arxiv.org/pdf/{name}" rel="related" type="application/pdf"/>',
        f'<arxiv:primary_category {space} term="{paper.primary}" scheme="{_ARXIV}"/>',
        *(f'<category term="{code}" scheme="{_ARXIV}"/>' for code in _feed_categories(paper, batch)),
    ]
    return "  <entry>\n" + "".join(f"    {line}\n" for line in lines) + "  </entry>\n"


def _old_doi(paper: FakePaper, space: str) -> list[str]:
    if not paper.doi:
        return []
    link = f'<link title="doi" href="http://dx.doi.org/{escape(paper.doi)}" rel="related"/>'
    return [*optional("arxiv:doi", paper.doi, space), link]


def api_error(message: str, now: datetime) -> str:
    """The one-entry error feed; arXiv sends it with HTTP 400."""
    address = "https://arxiv.org/api/errors#" + quote_plus(message.replace(" ", "_"))
    return (
        f'{XML}<feed xmlns:opensearch="{_OPENSEARCH}" xmlns:arxiv="{_ARXIV}" xmlns="http://www.w3.org/2005/Atom">\n'
        "  <id>https://arxiv.org/</id>\n  <title>arXiv Search Results</title>\n"
        f"  <updated>{zulu(now)}</updated>\n"
        "  <opensearch:itemsPerPage>1</opensearch:itemsPerPage>\n"
        "  <opensearch:totalResults>1</opensearch:totalResults>\n"
        "  <opensearch:startIndex>0</opensearch:startIndex>\n"
        f"  <entry>\n    <id>{escape(address)}</id>\n    <title>Error</title>\n"
        f"    <updated>{zulu(now)}</updated>\n"
        f'    <link href={quoteattr(address)} rel="alternate" type="text/html"/>\n'
        f"    <summary>{escape(message)}</summary>\n"
        "    <author>\n      <name>arXiv api core</name>\n    </author>\n  </entry>\n</feed>\n"
    )


# --- the day's feeds: /rss/<cats>, /atom/<cats> ----------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """A feed of one day. `built` is the instant in lastBuildDate; `error` makes it the HTTP 400 feed."""

    categories: Sequence[str]
    day: date
    built: datetime
    entries: Sequence[Listed] = ()
    error: str = ""

    @property
    def name(self) -> str:
        return "+".join(self.categories)

    @property
    def midnight(self) -> datetime:
        return datetime.combine(self.day, time(), EASTERN)

    def title(self, door: str) -> str:
        if self.error:
            return f"Feed error for query: https://rss.arxiv.org/{door}/{self.name}"
        return ", ".join(self.categories) + " updates on arXiv.org"

    @property
    def description(self) -> str:
        return self.error or ", ".join(self.categories) + " updates on the arXiv.org e-print archive."


_RSS_SPACES = (
    f'xmlns:arxiv="{_ARXIV}" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0"'
)


def rss(day: Day) -> str:
    """RSS 2.0 of a union's day."""
    link = f"https://rss.arxiv.org/rss/{escape(day.name)}"
    editor = "rss-help.arxiv.org" if day.error else "rss-help@arxiv.org"
    skipped = "" if day.error else "".join(f"      <day>{name}</day>\n" for name in ("Sunday", "Saturday"))
    skip_days = f"    <skipDays>\n{skipped}    </skipDays>\n" if skipped else ""
    return (
        f"{XML}<rss {_RSS_SPACES}>\n  <channel>\n    <title>{escape(day.title('rss'))}</title>\n"
        f"    <link>{link}</link>\n    <description>{escape(day.description)}</description>\n"
        f'    <atom:link href="{link}" rel="self" type="application/rss+xml"/>\n'
        "    <docs>http://www.rssboard.org/rss-specification</docs>\n    <language>en-us</language>\n"
        f"    <lastBuildDate>{format_datetime(day.built.astimezone(UTC))}</lastBuildDate>\n"
        f"    <managingEditor>{editor}</managingEditor>\n"
        f"    <pubDate>{format_datetime(day.midnight)}</pubDate>\n{skip_days}"
        f"{''.join(_rss_item(entry, day) for entry in day.entries)}  </channel>\n</rss>\n"
    )


def _rss_item(entry: Listed, day: Day) -> str:
    paper, version = entry.paper, entry.version
    lines = [
        f"<title>{escape(one_line(paper.text(version, 'title')))}</title>",
        f"<link>https://arxiv.org/abs/{paper.arxiv_id}</link>",
        f"<description>{_announcement(entry)}</description>",
        f'<guid isPermaLink="false">oai:arXiv.org:{paper.arxiv_id}v{version.number}</guid>',
        *(f"<category>{code}</category>" for code in _feed_categories(paper, day.day)),
        f"<pubDate>{format_datetime(day.midnight)}</pubDate>",
        *_feed_extras(entry),
    ]
    return "    <item>\n" + "".join(f"      {line}\n" for line in lines) + "    </item>\n"


def atom(day: Day) -> str:
    """The same as Atom."""
    link = f"https://rss.arxiv.org/atom/{escape(day.name)}"
    built = day.built.astimezone(UTC).isoformat()
    return (
        f'{XML}<feed xmlns:arxiv="{_ARXIV}" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">\n'
        f"  <id>{link}</id>\n  <title>{escape(day.title('atom'))}</title>\n  <updated>{built}</updated>\n"
        f'  <link href="{link}" rel="self" type="application/atom+xml"/>\n'
        f"  <subtitle>{escape(day.description)}</subtitle>\n"
        f"{''.join(_atom_entry(entry, day, built) for entry in day.entries)}</feed>\n"
    )


def _atom_entry(entry: Listed, day: Day, built: str) -> str:
    paper, version = entry.paper, entry.version
    lines = [
        f"<id>oai:arXiv.org:{paper.arxiv_id}v{version.number}</id>",
        f"<title>{escape(one_line(paper.text(version, 'title')))}</title>",
        f"<updated>{built}</updated>",
        f'<link href="https://arxiv.org/abs/{paper.arxiv_id}" rel="alternate" type="text/html"/>',
        f"<summary>{_announcement(entry)}</summary>",
        *(f'<category term="{code}"/>' for code in _feed_categories(paper, day.day)),
        f"<published>{day.midnight.isoformat()}</published>",
        *_feed_extras(entry),
    ]
    return "  <entry>\n" + "".join(f"    {line}\n" for line in lines) + "  </entry>\n"


def _announcement(entry: Listed) -> str:
    abstract = escape(one_line(entry.paper.text(entry.version, "abstract")))
    name = f"{entry.paper.arxiv_id}v{entry.version.number}"
    return f"arXiv:{name} Announce Type: {entry.kind} \nAbstract: {abstract}"


def _feed_extras(entry: Listed) -> list[str]:
    paper = entry.paper
    return [
        f"<arxiv:announce_type>{entry.kind}</arxiv:announce_type>",
        *optional("dc:rights", paper.text(entry.version, "licence")),
        *optional("arxiv:DOI", paper.doi),
        *optional("arxiv:journal_reference", paper.journal),
        f"<dc:creator>{escape(', '.join(paper.authors_of(entry.version)))}</dc:creator>",
    ]


def _feed_categories(paper: FakePaper, day: date) -> list[str]:
    return [name for code in paper.categories_on(day) for name in taxonomy.both_names(code)]
