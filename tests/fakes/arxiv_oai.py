"""The fake arXiv's OAI-PMH, in the form of the server that runs since March 2025.

https://info.arxiv.org/help/oa/index.html . Formats arXivRaw and arXiv. Errors come with HTTP 200. A resumption token
is the URL-quoted query with a new `from` and a `skip`; sent back it has to be quoted once more. The last
record of a page comes again as the first of the next.
"""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode
from xml.sax.saxutils import escape, quoteattr

from tests.fakes import arxiv_taxonomy as taxonomy
from tests.fakes.arxiv_text import one_line, optional, size_kb, zulu
from tests.fakes.arxiv_world import FakePaper, Version, World

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMAS = {
    "arXiv": ("http://arxiv.org/OAI/arXiv.xsd", "http://arxiv.org/OAI/arXiv/"),
    "arXivRaw": ("http://arxiv.org/OAI/arXivRaw.xsd", "http://arxiv.org/OAI/arXivRaw/"),
}
_ALLOWED = {
    "Identify": set(),
    "ListSets": {"resumptionToken"},
    "ListMetadataFormats": {"identifier"},
    "GetRecord": {"identifier", "metadataPrefix"},
    "ListRecords": {"from", "until", "set", "metadataPrefix", "resumptionToken"},
    "ListIdentifiers": {"from", "until", "set", "metadataPrefix", "resumptionToken"},
}
_GROUPS = {
    "physics": "Physics",
    "math": "Mathematics",
    "q-bio": "Quantitative Biology",
    "cs": "Computer Science",
    "q-fin": "Quantitative Finance",
    "stat": "Statistics",
    "eess": "Electrical Engineering and Systems Science",
    "econ": "Economics",
}
_BAD_ARGUMENT = (
    "The request includes illegal arguments, is missing required arguments, includes a repeated argument, "
    "or values for arguments have an illegal syntax. Reason: "
)


class OAIError(Exception):
    """An `<error>` of the protocol: code and text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Repository:
    """Answers OAI requests about a world; pages of `page_size` records, `id_page_size` headers."""

    def __init__(self, world: World, page_size: int = 2000, id_page_size: int = 5000) -> None:
        self.world = world
        self.sizes = {"ListRecords": page_size, "ListIdentifiers": id_page_size}
        self._expires: dict[str, datetime] = {}

    def answer(self, arguments: Mapping[str, str]) -> str:
        """The whole XML document for one request's arguments."""
        try:
            body = self._verb(arguments)
            return self._document(arguments, body)
        except OAIError as error:
            hidden = error.code in ("badArgument", "badVerb", "badResumptionToken", "idDoesNotExist")
            body = f"    <error code='{error.code}'>{escape(str(error))}</error>\n"
            return self._document({} if hidden else arguments, body)

    def _document(self, arguments: Mapping[str, str], body: str) -> str:
        shown = "".join(f" {name}={quoteattr(value)}" for name, value in arguments.items())
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" \n'
            f'         xmlns:xsi="{_XSI}"\n         xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ '
            'http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">\n'
            f"    <responseDate>{zulu(self.world.now())}</responseDate>\n"
            f"    <request{shown}>https://oaipmh.arxiv.org/oai</request>\n\n{body}</OAI-PMH>"
        )

    def _verb(self, arguments: Mapping[str, str]) -> str:
        verb = arguments.get("verb", "")
        if verb not in _ALLOWED:
            raise OAIError("badVerb", "Value of the verb argument is not a legal OAI-PMH verb.")
        if set(arguments) - {"verb"} - _ALLOWED[verb]:
            raise OAIError("badArgument", _BAD_ARGUMENT + "parameter not allowed")
        if verb in self.sizes:
            return self._list(verb, self._resumed(verb, arguments))
        return {
            "Identify": lambda _: _IDENTIFY,
            "ListSets": lambda _: _sets(),
            "ListMetadataFormats": lambda _: _formats(),
            "GetRecord": self._get,
        }[verb](arguments)

    def _get(self, arguments: Mapping[str, str]) -> str:
        identifier = _required(arguments, "identifier")
        prefix = _format(arguments)
        name = identifier.removeprefix("oai:arXiv.org:")
        paper = self.world.paper(name) if name != identifier else None
        stamp = paper and self.world.modified(paper)
        if paper is None or stamp is None:
            raise OAIError("idDoesNotExist", f"{_UNKNOWN_ID} Reason: {_reason(name)}")
        return f"    <GetRecord>\n{self._record(paper, stamp, prefix)}    </GetRecord>\n"

    def _resumed(self, verb: str, arguments: Mapping[str, str]) -> dict[str, str]:
        """The arguments of a list request, taken out of its token where it has one."""
        token = arguments.get("resumptionToken")
        if token is None:
            return dict(arguments)
        inner = dict(parse_qsl(unquote(token)))
        expires = self._expires.get(token)
        # An unquoted "&" or "=" means that the client sent the token without quoting it again.
        broken = (
            "&" in token or "=" in token or inner.get("verb") != verb or not inner.get("skip", "").isdigit()
        )
        if broken or len(arguments) > 2 or (expires and self.world.now() >= expires):
            words = "Token decoding failed or format is invalid."
            raise OAIError("badResumptionToken", f"{_BAD_TOKEN} Reason: {words}")
        return inner

    def _list(self, verb: str, arguments: Mapping[str, str]) -> str:
        prefix = _format(arguments)
        records = self._selected(arguments)
        skip, size = int(arguments.get("skip", 0)), self.sizes[verb]
        page, rest = records[skip : skip + size], records[skip + size :]
        if not page:
            raise OAIError("noRecordsMatch", _NO_RECORDS)
        write = self._record if verb == "ListRecords" else _identifier
        body = "".join(write(paper, stamp, prefix) for stamp, _, paper in page)
        token = self._token(arguments, records, skip + size) if rest else ""
        return f"    <{verb}>\n{body}{token}    </{verb}>\n"

    def _selected(self, arguments: Mapping[str, str]) -> list[tuple[date, str, FakePaper]]:
        first = _day(arguments.get("from"), "from") or date.min
        last = _day(arguments.get("until"), "until") or date.max
        if first > last:
            raise OAIError("badArgument", _BAD_ARGUMENT + "from is later than until")
        wanted = arguments.get("set")
        found = []
        for paper in self.world.papers.values():
            stamp = self.world.modified(paper)
            if stamp and first <= stamp <= last and (wanted is None or _in_set(paper, stamp, wanted)):
                found.append((stamp, paper.arxiv_id, paper))
        return sorted(found, key=lambda record: record[:2])

    def _token(
        self, arguments: Mapping[str, str], records: list[tuple[date, str, FakePaper]], done: int
    ) -> str:
        stamp = records[done - 1][0]
        skip = done - 1 - bisect_left(records, stamp, key=lambda record: record[0])
        query = {k: v for k, v in arguments.items() if k not in ("skip", "from")}
        token = quote(urlencode({**query, "from": stamp.isoformat(), "skip": str(skip)}), safe="")
        midnight = self.world.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._expires[token] = midnight + timedelta(days=1)
        return f"            <resumptionToken expires='{zulu(self._expires[token])}'>{token}</resumptionToken>\n\n"

    def _record(self, paper: FakePaper, stamp: date, prefix: str) -> str:
        public = [version for version in paper.versions if version.announced <= stamp]
        write = _raw if prefix == "arXivRaw" else _plain
        schema, namespace = _SCHEMAS[prefix]
        lines = "".join(f"        {line}\n" for line in write(paper, public, stamp))
        return (
            f"                    <record>\n{_header(paper, stamp)}            <metadata>\n"
            f'                        <{prefix} xmlns="{namespace}" xmlns:xsi="{_XSI}" '
            f'xsi:schemaLocation="{namespace} {schema}">\n{lines}    </{prefix}>\n\n'
            "            </metadata>\n        </record>\n\n"
        )


def _header(paper: FakePaper, stamp: date) -> str:
    sets = "".join(f"            <setSpec>{name}</setSpec>\n" for name in _sets_of(paper, stamp))
    return (
        f"                <header>\n        <identifier>oai:arXiv.org:{paper.arxiv_id}</identifier>\n"
        f"        <datestamp>{stamp}</datestamp>\n{sets}    </header>\n\n"
    )


def _identifier(paper: FakePaper, stamp: date, prefix: str) -> str:
    return _header(paper, stamp)


def _raw(paper: FakePaper, public: list[Version], stamp: date) -> list[str]:
    current = public[-1]
    return [
        f"<id>{paper.arxiv_id}</id>",
        f"<submitter>{escape(paper.authors[0])}</submitter>",
        *(_raw_version(paper, version) for version in public),
        f"<title>{escape(one_line(paper.text(current, 'title')))}</title>",
        f"<authors>{escape(_one_string(paper.authors_of(current)))}</authors>",
        f"<categories>{_codes(paper, stamp)}</categories>",
        *_common(paper, current),
        f"<abstract>  {escape(one_line(paper.text(current, 'abstract')))}</abstract>",
    ]


def _raw_version(paper: FakePaper, version: Version) -> str:
    size, letter = (0, "I") if version.withdrawn else (size_kb(paper, version), "D")
    return (
        f'    <version version="v{version.number}">\n'
        f"                <date>{format_datetime(version.submitted.astimezone(UTC), usegmt=True)}</date>\n"
        f"                <size>{size}kb</size>\n                    <source_type>{letter}</source_type>\n"
        "            </version>"
    )


def _plain(paper: FakePaper, public: list[Version], stamp: date) -> list[str]:
    """Format arXiv, with the new server's peculiarity: `created` is the date of the current version."""
    current = public[-1]
    return [
        f"<id>{paper.arxiv_id}</id>",
        f"<created>{current.submitted.astimezone(UTC).date()}</created>",
        f"    <updated>{stamp}</updated>",
        "<authors>\n"
        + "".join(_plain_author(name) for name in paper.authors_of(current))
        + "        </authors>",
        f"<title>{escape(one_line(paper.text(current, 'title')))}</title>",
        f"    <categories>{_codes(paper, stamp)}</categories>",
        *_common(paper, current),
        f"    <abstract>{escape(one_line(paper.text(current, 'abstract')))}</abstract>",
    ]


def _plain_author(name: str) -> str:
    forenames, _, keyname = name.rpartition(" ")
    first = f"                        <forenames>{escape(forenames)}</forenames>\n" if forenames else ""
    return (
        f"                <author>\n                    <keyname>{escape(keyname)}</keyname>\n{first}"
        "                </author>\n"
    )


def _common(paper: FakePaper, version: Version) -> list[str]:
    return [
        *optional("comments", paper.text(version, "comment")),
        *optional("journal-ref", paper.journal),
        *optional("doi", paper.doi),
        *optional("license", paper.text(version, "licence")),
    ]


def _one_string(authors: object) -> str:
    *others, last = list(authors)  # type: ignore[call-overload]
    return f"{', '.join(others)} and {last}" if others else last


def _codes(paper: FakePaper, stamp: date) -> str:
    return " ".join(name for code in paper.categories_on(stamp) for name in taxonomy.both_names(code))


def _sets_of(paper: FakePaper, stamp: date) -> list[str]:
    return [taxonomy.set_of(name) for name in _codes(paper, stamp).split()]


def _in_set(paper: FakePaper, stamp: date, wanted: str) -> bool:
    return any(name == wanted or name.startswith(wanted + ":") for name in _sets_of(paper, stamp))


def _required(arguments: Mapping[str, str], name: str) -> str:
    if name not in arguments:
        raise OAIError("badArgument", f"{_BAD_ARGUMENT}{name} required.")
    return arguments[name]


def _format(arguments: Mapping[str, str]) -> str:
    prefix = _required(arguments, "metadataPrefix")
    if prefix not in _SCHEMAS:
        raise OAIError("cannotDisseminateFormat", f"The metadata format {prefix} is not supported.")
    return prefix


def _day(text: str | None, name: str) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise OAIError("badArgument", f"{_BAD_ARGUMENT}{name} date format must be YYYY-MM-DD") from None


def _reason(name: str) -> str:
    known = name[:1].isdigit() or "/" in name
    return (
        "Nothing found for this id"
        if known and "v" not in name.split("/")[-1]
        else "Invalid arXiv_id structure"
    )


def _sets() -> str:
    names = dict(_GROUPS)
    for code, name in taxonomy.ARCHIVES.items():
        names.setdefault(taxonomy.set_of(code), name)
    for code, name in taxonomy.NAMES.items():
        names.setdefault(taxonomy.set_of(code), name)
    sets = "".join(
        f"                <set>\n        <setSpec>{spec}</setSpec>\n        <setName>{escape(name)}</setName>\n    </set>\n\n"
        for spec, name in names.items()
    )
    return f"    <ListSets>\n{sets}    </ListSets>\n"


def _formats() -> str:
    formats = "".join(
        f"                <metadataFormat>\n    <metadataPrefix>{prefix}</metadataPrefix>\n    <schema>{schema}</schema>\n"
        f"    <metadataNamespace>{namespace}</metadataNamespace>\n</metadataFormat>\n\n"
        for prefix, (schema, namespace) in _SCHEMAS.items()
    )
    return f"    <ListMetadataFormats>\n{formats}    </ListMetadataFormats>\n"


_UNKNOWN_ID = "The value of the identifier argument is unknown or illegal in this repository."
_BAD_TOKEN = "The value of the resumptionToken argument is invalid or expired."
_NO_RECORDS = "The combination of the values of the from, until, set and metadataPrefix arguments results in an empty list."
_IDENTIFY = """    <Identify>
        <repositoryName>arXiv</repositoryName>
        <baseURL>https://arxiv.org/oai</baseURL>
        <protocolVersion>2.0</protocolVersion>
        <adminEmail>help@arxiv.org</adminEmail>
        <earliestDatestamp>2007-05-23</earliestDatestamp>
        <deletedRecord>persistent</deletedRecord>
        <granularity>YYYY-MM-DD</granularity>
        <description>
        <eprints xmlns="http://www.openarchives.org/OAI/1.1/eprints" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.openarchives.org/OAI/1.1/eprints http://www.openarchives.org/OAI/1.1/eprints.xsd">
            <content><text>Self-archived e-prints</text></content>
            <metadataPolicy><text>Metadata may be harvested</text><URL>http://arxiv.org/help/oa/metadataPolicy</URL></metadataPolicy>
            <dataPolicy><text>Full content may not</text><URL>http://arxiv.org/help/oa/dataPolicy</URL></dataPolicy>
            <submissionPolicy><text>Submissions are screened</text><URL>http://arxiv.org/help/submit</URL></submissionPolicy>
        </eprints>
        </description>
    </Identify>
"""
