from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from papers.harvest import SourceError
from papers.harvest.oai import read_records, set_of
from tests.papers import harvest_server
from tests.papers.harvest_server import recorded

server = harvest_server.server

HEAD = """<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
<responseDate>2026-01-28T00:00:00Z</responseDate>"""


def answer(content):
    return f"{HEAD}{content}</OAI-PMH>".encode()


def error(code, text="words"):
    return answer(f"<error code='{code}'>{text}</error>")


def record(identifier="2601.18904", versions=(("v1", "D"),), status=""):
    header = f"""<header{status}><identifier>oai:arXiv.org:{identifier}</identifier><datestamp>2026-01-29</datestamp></header>"""
    if status:
        return f"<record>{header}</record>"
    history = "".join(
        f"""<version version="{name}"><date>Mon, 26 Jan 2026 22:41:50 GMT</date><size>401kb</size>
        <source_type>{kind}</source_type></version>"""
        for name, kind in versions
    )
    return f"""<record>{header}<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{identifier}</id>
    <submitter>Ada</submitter>{history}<title>A\n  title</title><authors>Ada and Paul</authors>
    <categories>eess.AS cs.SY</categories><comments>9 pages</comments><journal-ref>J 1</journal-ref><doi>10.1/x</doi>
    <license>http://creativecommons.org/licenses/by/4.0/</license><abstract>  One.\n  Two.</abstract></arXivRaw>
    </metadata></record>"""


def listed(*records, token=""):
    return answer(f"<ListRecords>{''.join(records)}<resumptionToken>{token}</resumptionToken></ListRecords>")


def test_every_field_of_a_record_is_read():
    (one,) = read_records(listed(record())).records
    assert (one.arxiv_id, one.datestamp, one.deleted) == ("2601.18904", date(2026, 1, 29), False)
    assert (one.title, one.abstract, one.authors) == ("A title", "One.\n\nTwo.", "Ada and Paul")
    assert (one.submitter, one.licence) == ("Ada", "http://creativecommons.org/licenses/by/4.0/")
    assert one.categories == ("eess.AS", "eess.SY")
    assert (one.comment, one.journal, one.doi) == ("9 pages", "J 1", "10.1/x")
    (version,) = one.versions
    assert (version.number, version.size, version.source_type) == (1, 401, "D")
    assert version.date == one.submitted == datetime(2026, 1, 26, 22, 41, 50, tzinfo=UTC)


def test_only_a_latest_version_without_files_is_a_withdrawal():
    (gone,) = read_records(listed(record(versions=[("v1", "D"), ("v2", "I")]))).records
    (back,) = read_records(listed(record(versions=[("v10", "D"), ("v1", ""), ("v2", "I")]))).records
    assert gone.withdrawn
    assert (back.withdrawn, back.version) == (False, 10)


def test_a_deleted_record_is_only_a_header():
    (one,) = read_records(listed(record(status=' status="deleted"'))).records
    assert (one.deleted, one.versions, one.withdrawn, one.version, one.submitted) == (
        True,
        (),
        False,
        None,
        None,
    )


def test_what_was_seen_to_the_letter_is_counted_and_not_read():
    [seen, *_] = read_records(listed(record(), record("2601.18903"))).records
    page = read_records(listed(record(), record("2601.18905")), {seen.digest})
    assert ([one.arxiv_id for one in page.records], page.found) == (["2601.18905"], 2)
    changed = read_records(listed(record().replace("9 pages", "10 pages")), {seen.digest})
    assert len(changed.records) == 1


def test_nothing_changed_is_an_empty_page_and_not_an_error():
    page = read_records(error("noRecordsMatch"))
    assert (page.records, page.token) == ([], None)


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (error("badResumptionToken"), "stale"),
        (error("badArgument", "Invalid set parameter."), "unknown_category"),
        (error("badArgument", "date"), "broken"),
        (error("badVerb"), "broken"),
        (listed(), "truncated"),
        (answer(""), "broken"),
        (listed(record("nonsense")), "broken"),
        (listed(record()).replace(b"arXivRaw", b"arXiv"), "broken"),
        (listed(record()).replace(b"Mon, 26 Jan 2026", b"Some day"), "broken"),
        (listed(record()).replace(b"2026-01-29", b"today"), "broken"),
        (listed(record())[:-40], "truncated"),
    ],
)
def test_other_answers_are_errors_although_they_come_with_200(body, state):
    with pytest.raises(SourceError) as caught:
        read_records(body)
    assert caught.value.state == state


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("cs.SD", "cs:cs:SD"),
        ("eess.AS", "eess:eess:AS"),
        ("hep-th", "physics:hep-th"),
        ("cond-mat.mtrl-sci", "physics:cond-mat:mtrl-sci"),
        ("nlin.CD", "physics:nlin:CD"),
        ("cs.SY", "eess:eess:SY"),
        ("math-ph", "physics:math-ph"),
        ("cs", "cs:cs"),
        ("math:math:AG", "math:math:AG"),
    ],
)
def test_a_category_names_its_set(category, name):
    assert set_of(category) == name


def test_every_set_we_would_name_exists_on_arxivs_own_server():
    from_server = recorded("oai/generated_ListSets.xml").decode()
    for category in (
        "cs.SD",
        "eess.AS",
        "hep-th",
        "cond-mat.mtrl-sci",
        "math-ph",
        "q-bio.NC",
        "econ.GN",
        "stat.ML",
    ):
        assert f"<setSpec>{set_of(category)}</setSpec>" in from_server


def test_pages_are_followed_by_a_token_that_is_quoted_again(server):
    token = "verb%3DListRecords%26metadataPrefix%3DarXivRaw%26skip%3D9"
    server.say("/oai", listed(record(), token=token), listed(record("2601.18905")))
    first = server.arxiv().oai("cs.SD", date(2026, 1, 27))
    assert first.token == token
    last = server.arxiv().oai("cs.SD", date(2026, 1, 27), first.token)
    assert last.token is None
    asked = [parse_qs(urlsplit(path).query) for path in server.asked]
    assert asked[0] == {
        "verb": ["ListRecords"],
        "metadataPrefix": ["arXivRaw"],
        "from": ["2026-01-27"],
        "set": ["cs:cs:SD"],
    }
    assert server.asked[1] == f"/oai?verb=ListRecords&resumptionToken={token}"


def test_one_record_is_asked_for_without_its_version(server):
    server.say("/oai", answer(f"<GetRecord>{record('hep-th/9901001')}</GetRecord>"), error("idDoesNotExist"))
    assert server.arxiv().oai_record("hep-th/9901001v2").arxiv_id == "hep-th/9901001"
    assert server.arxiv().oai_record("2601.99999") is None
    assert parse_qs(urlsplit(server.asked[0]).query)["identifier"] == ["oai:arXiv.org:hep-th/9901001"]


def test_the_pages_of_arxivs_own_server_are_read_to_the_end():
    pages = [
        read_records(recorded(f"oai/generated_ListRecords_arXivRaw_page{number}.xml"))
        for number in (1, 2, 3, 4)
    ]
    assert [len(page.records) for page in pages] == [150, 150, 150, 51]
    assert [bool(page.token) for page in pages] == [True, True, True, False]
    found = {record.arxiv_id: record for page in pages for record in page.records}
    assert found["0901.3666"].withdrawn
    assert found["chao-dyn/9510015"].categories == ("nlin.CD", "physics.ao-ph")
    assert sum(version.withdrawn for one in found.values() for version in one.versions) == 10
    assert sum(one.withdrawn for one in found.values()) == 6
    assert all(record.versions and record.title and record.categories for record in found.values())


def test_recorded_errors_and_records_of_the_old_server_are_read():
    (one,) = read_records(recorded("oai/recorded_GetRecord_arXivRaw_1810.09584_20190305.xml")).records
    assert [version.number for version in one.versions] == [1, 2]
    assert one.licence == "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
    assert read_records(recorded("oai/recorded_GetRecord_1305.0014v1.xml")).records == []
    assert read_records(recorded("oai/generated_error_noRecordsMatch.xml")).records == []
    for name, state in (("badResumptionToken", "stale"), ("badArgument", "broken")):
        with pytest.raises(SourceError) as caught:
            read_records(recorded(f"oai/generated_error_{name}.xml"))
        assert caught.value.state == state
