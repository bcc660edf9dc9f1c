"""arXiv's OAI-PMH in its format arXivRaw: licence, every version's date, withdrawals, changes.

https://info.arxiv.org/help/oa/index.html and http://www.openarchives.org/OAI/openarchivesprotocol.html
Errors come with HTTP 200; `noRecordsMatch` is the ordinary answer on a quiet day.
"""

from collections.abc import Container
from dataclasses import replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b

from lxml import etree
from lxml.etree import _Element

from papers.harvest.markup import parse_xml
from papers.harvest.text import clean, clean_abstract
from papers.harvest.values import OaiPage, OaiRecord, SourceError, State, Version
from papers.taxonomy import canonical, canonical_all, parse_id

PREFIX = "arXivRaw"
_NS = {"oai": "http://www.openarchives.org/OAI/2.0/", "raw": "http://arxiv.org/OAI/arXivRaw/"}
_RAW = f"{{{_NS['raw']}}}"
_PHYSICS = {
    "astro-ph",
    "cond-mat",
    "gr-qc",
    "hep-ex",
    "hep-lat",
    "hep-ph",
    "hep-th",
    "math-ph",
    "nlin",
    "nucl-ex",
    "nucl-th",
    "physics",
    "quant-ph",
}
_NOTHING = {"noRecordsMatch", "idDoesNotExist"}
_STATES: dict[str, State] = {"badResumptionToken": "stale"}


def set_of(category: str) -> str:
    """The set's name: "cs.SD" is "cs:cs:SD", "hep-th" is "physics:hep-th"; a set's name stays itself."""
    if ":" in category:
        return category
    archive, _, subject = (canonical(category) or category).partition(".")
    group = "physics" if archive in _PHYSICS else archive
    return ":".join(part for part in (group, archive, subject) if part)


def list_arguments(category_or_set: str | None, since: date | None, token: str | None) -> dict[str, str]:
    """The query of one ListRecords page. With a token nothing else may be said."""
    if token:
        return {"verb": "ListRecords", "resumptionToken": token}
    arguments = {"verb": "ListRecords", "metadataPrefix": PREFIX}
    if since:
        arguments["from"] = since.isoformat()
    if category_or_set:
        arguments["set"] = set_of(category_or_set)
    return arguments


def record_arguments(arxiv_id: str) -> dict[str, str]:
    """The query of one GetRecord; identifiers never carry a version."""
    return {"verb": "GetRecord", "metadataPrefix": PREFIX, "identifier": f"oai:arXiv.org:{arxiv_id}"}


def read_records(body: bytes, seen: Container[bytes] = ()) -> OaiPage:
    """Read an answer to ListRecords or GetRecord; empty where nothing matches, without records whose digest was `seen`.

    SourceError "stale" for a token that has expired (begin again from `since`), "unknown_category"
    for a set that does not exist, "broken" or "truncated" for the rest.
    """
    root = parse_xml(body, "OAI-PMH")
    if _refused(root):
        return OaiPage([], None, 0)
    answer = next(
        (one for name in ("ListRecords", "GetRecord") if (one := root.find(f"oai:{name}", _NS)) is not None),
        None,
    )
    if answer is None:
        raise SourceError("broken", "OAI-PMH without records or error")
    found = answer.findall("oai:record", _NS)
    if not found:
        raise SourceError("truncated", "an empty list of records, which OAI-PMH reports as an error")
    records = [record for one in found if (record := _record(one, seen))]
    token = clean(answer.findtext("oai:resumptionToken", namespaces=_NS)) or None
    return OaiPage(records, token, len(found))


def _refused(root: _Element) -> bool:
    """Whether the answer is the error that means nothing was found; other errors are raised."""
    errors = root.findall("oai:error", _NS)
    for error in errors:
        code, text = error.get("code", ""), clean(error.text)
        if code not in _NOTHING:
            unknown = code == "badArgument" and "set" in text.lower().split()
            raise SourceError(
                "unknown_category" if unknown else _STATES.get(code, "broken"), f"{code}: {text}"
            )
    return bool(errors)


def _record(record: _Element, seen: Container[bytes]) -> OaiRecord | None:
    digest = blake2b(etree.tostring(record, with_tail=False), digest_size=16).digest()
    if digest in seen:
        return None
    header = record.find("oai:header", _NS)
    if header is None:
        raise SourceError("broken", "a record without a header")
    found = parse_id(header.findtext("oai:identifier", default="", namespaces=_NS))
    if found is None:
        raise SourceError("broken", "a record without an identifier")
    day = _day(header.findtext("oai:datestamp", default="", namespaces=_NS))
    if header.get("status") == "deleted":
        return OaiRecord(found.id, day, digest, deleted=True)
    raw = record.find("oai:metadata/raw:arXivRaw", _NS)
    if raw is None:
        raise SourceError("broken", f"{found.id} is not in the format {PREFIX}")
    return _described(OaiRecord(found.id, day, digest), raw)


def _described(record: OaiRecord, raw: _Element) -> OaiRecord:
    fields = _fields(raw)
    return replace(
        record,
        versions=tuple(sorted(map(_version, raw.iterchildren(f"{_RAW}version")), key=lambda one: one.number)),
        submitter=clean(fields.get("submitter")),
        licence=clean(fields.get("license")),
        categories=canonical_all(clean(fields.get("categories")).split()),
        title=clean(fields.get("title")),
        abstract=clean_abstract(fields.get("abstract")),
        authors=clean(fields.get("authors")),
        comment=clean(fields.get("comments")),
        doi=clean(fields.get("doi")),
        journal=clean(fields.get("journal-ref")),
    )


def _fields(element: _Element) -> dict[str, str | None]:
    """The text of the first child of each name, in one walk: a search for each is most of the reading."""
    fields: dict[str, str | None] = {}
    for child in element.iterchildren(f"{_RAW}*"):
        fields.setdefault(child.tag.removeprefix(_RAW), child.text)
    return fields


def _version(version: _Element) -> Version:
    fields = _fields(version)
    number, size = version.get("version", "").removeprefix("v"), clean(fields.get("size")).removesuffix("kb")
    sent = clean(fields.get("date"))
    try:
        moment = parsedate_to_datetime(sent)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        kilobytes = int(size) if size.isdigit() else None
        return Version(int(number), moment.astimezone(UTC), kilobytes, clean(fields.get("source_type")))
    except ValueError as error:
        raise SourceError("broken", f"a version {number!r} dated {sent!r}") from error


def _day(text: str) -> date:
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError as error:
        raise SourceError("broken", f"a record stamped {text!r}") from error
