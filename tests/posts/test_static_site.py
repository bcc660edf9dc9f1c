"""The site as plain files: whole, under any path, the same as the live one, and touched only where it changed."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command, get_commands, load_command_class
from django.db import transaction
from django.test import Client

from papers.models import Paper, Summary, Term
from posts import static_site
from posts.models import DailyPost
from posts.static_site import Links, build
from posts.static_site.baking import Baker, get
from tests.base import chief, make_digest, make_editor, make_entry, make_public_paper, make_summary

# For all tests: the mark has the test database made before the module's fixture asks for it.
pytestmark = pytest.mark.django_db

BASE = "https://example.github.io/digest"
DAYS = [dt.date(2025, 12, 31), dt.date(2026, 1, 27), dt.date(2026, 1, 28)]


def make_papers(a_day: int) -> list[Paper]:
    """Public papers over three days and two years, two of them with a tag; two terms."""
    Term.objects.exclude(english__in=["accent conversion", "zero-shot"]).delete()
    found = [
        make_public_paper(f"{day:%y%m}.{day.day * 100 + number:05}", day)
        for day in DAYS
        for number in range(a_day)
    ]
    for paper in found[:2]:
        paper.tags.add("语音 合成")
    return found


@pytest.fixture(scope="module")
def still(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built site with two pages of a category, for tests that only look; its rows are gone."""
    folder = tmp_path_factory.mktemp("still")
    with django_db_blocker.unblock(), transaction.atomic():
        make_papers(8)
        build(folder, BASE)
        transaction.set_rollback(True)
    return folder


@pytest.fixture
def site(db: None, tmp_path: Path) -> Path:
    """A small built site and its rows."""
    make_papers(2)
    build(tmp_path / "site", BASE)
    return tmp_path / "site"


def links_in(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".html":
        yield from re.findall(r'\s(?:href|src|action)="([^"]*)"', text)
    elif page.suffix == ".json" and "feeds" in page.parts:
        yield from re.findall(rf'"({BASE}[^"\\]*)\\?"', text)
    elif page.suffix == ".xml":
        yield from re.findall(rf"({BASE}[^<\"&?]*)", text)


def file_for(site: Path, url: str) -> Path:
    """What a plain file server would send."""
    path = site / unquote(urlsplit(url).path).removeprefix("/digest").lstrip("/")
    return path / "index.html" if url.split("?")[0].endswith("/") else path


def address_of(site: Path, page: Path) -> str:
    return f"{BASE}/{page.relative_to(site).as_posix().removesuffix('index.html')}"


def files(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()
    }


def times(site: Path) -> dict[str, int]:
    return {
        path.relative_to(site).as_posix(): path.stat().st_mtime_ns
        for path in site.rglob("*")
        if path.is_file()
    }


def test_every_internal_link_of_every_page_feed_and_sitemap_resolves_to_a_file(still: Path) -> None:
    broken, checked = set(), 0
    for page in still.rglob("*.*"):
        for link in links_in(page) if page.is_file() else ():
            url = urldefrag(urljoin(address_of(still, page), link.replace("&amp;", "&"))).url
            if not url.startswith("https://example.github.io"):
                continue
            checked += 1
            if not url.startswith(f"{BASE}/") or not file_for(still, url).is_file():
                broken.add((page.relative_to(still).as_posix(), link))
    assert broken == set()
    assert checked > 1000


def test_every_page_is_reached_from_the_front_page(still: Path) -> None:
    seen, open_pages = set(), [still / "index.html"]
    while open_pages:
        page = open_pages.pop()
        if page in seen:
            continue
        seen.add(page)
        if page.suffix == ".html":
            for link in links_in(page):
                url = urldefrag(urljoin(address_of(still, page), link.replace("&amp;", "&"))).url
                if url.startswith(BASE):
                    open_pages.append(file_for(still, url))
    lonely = {path.relative_to(still).as_posix() for path in still.rglob("*.html")} - {
        path.relative_to(still).as_posix() for path in seen
    }
    assert lonely <= {"404.html", "archive/digest-speech/index.html"}


REPORT_IN_FEED = re.compile(r' · (?:&lt;|<)a href=\\?"[^"]*/report/\\?"(?:&gt;|>)报错(?:&lt;|<)/a(?:&gt;|>)')
ADDRESSES = """
    / /d/speech/ /d/speech/2026/01/28/ /d/speech/2026/01/28.md /d/speech/2026/01/28.json /papers/2601.02803/
    /papers/2601.02803.md /papers/2601.02803.json /papers/2601.02803.bib /categories/ /categories/cs.SD/
    /categories/cs.SD/?page=2 /tags/语音%20合成/ /archive/?digest=speech&year=2025 /statistics/ /glossary/
    /feeds/all/atom.xml /feeds/all/feed.json /feeds/category/cs.SD/rss.xml /feeds/tag/语音%20合成/atom.xml
    /feeds/d/speech/days/rss.xml /sitemap-papers.xml /feeds.opml /subscribe/ /about/ /robots.txt
"""


def test_built_pages_say_what_the_live_pages_say(tmp_path: Path, settings: Any) -> None:
    make_papers(8)
    settings.SITE_URL = "https://127.0.0.1"
    build(tmp_path / "site")
    links = Links("https://127.0.0.1")
    for address in ADDRESSES.split():
        live = Client(headers={"host": "127.0.0.1"}).get(unquote(address)).content.decode()
        where = tmp_path / "site" / unquote(links.built(address)).lstrip("/")
        built = (where / "index.html" if where.is_dir() else where).read_text(encoding="utf-8")
        live = REPORT_IN_FEED.sub("", live)
        if "<html" in live:
            live, _ = links.in_html(live, address)
            built = re.sub(r"<script[^>]*static_site.js[^>]*></script>\n", "", built)
        assert built == live, address


def test_a_second_build_writes_nothing(site: Path) -> None:
    before = times(site)
    built = build(site, BASE)
    assert (built.written, built.removed) == (0, 0)
    assert times(site) == before


def test_one_changed_text_touches_only_the_pages_that_show_it(site: Path) -> None:
    before = times(site)
    summary = Summary.objects.get(paper__arxiv_id="2512.03101")
    text = summary.current.text | {"abstract": "改过的摘要。"}
    summary.approve(chief(), summary.edit(make_editor(), summary.current, **text))
    build(site, BASE)
    after = times(site)
    touched = {name for name in after if after[name] != before.get(name)}
    assert {
        "papers/2512.03101/index.html",
        "papers/2512.03101.json",
        "d/speech/2025/12/31/index.html",
    } <= touched
    assert "search/2025-12.json" in touched
    others = {name for name in touched if name.startswith("papers/") and "2512.03101" not in name}
    assert others == set()
    assert "d/speech/2026/01/28/index.html" not in touched
    assert "改过的摘要" in (site / "papers/2512.03101/index.html").read_text(encoding="utf-8")


def test_an_incremental_build_ends_where_a_cold_one_would(site: Path, tmp_path: Path) -> None:
    summary = Summary.objects.get(paper__arxiv_id="2601.02801")
    text = summary.current.text | {"title": "换了题目 <b>&"}
    summary.approve(chief(), summary.edit(make_editor(), summary.current, **text))
    build(site, BASE)
    make_public_paper("2601.02999", DAYS[-1])
    Summary.objects.get(paper__arxiv_id="2601.02800").withdraw(chief(), "撤")
    build(site, BASE)
    build(tmp_path / "cold", BASE)
    warm, cold = files(site), files(tmp_path / "cold")
    assert warm.keys() == cold.keys()
    names = [name for name in warm if warm[name] != cold[name] and name != ".build_site.json"]
    assert names == []


def test_a_new_title_reaches_every_page_that_lists_it_as_related(site: Path) -> None:
    newest = "2601.02801"
    listing = [path for path in site.glob("papers/*/index.html") if f"/papers/{newest}/" in path.read_text()]
    assert len(listing) == 6
    summary = Summary.objects.get(paper__arxiv_id=newest)
    text = summary.current.text | {"title": "全新的题目"}
    summary.approve(chief(), summary.edit(make_editor(), summary.current, **text))
    build(site, BASE)
    assert all("全新的题目" in path.read_text(encoding="utf-8") for path in listing)


def test_what_is_withdrawn_disappears_from_the_files(site: Path) -> None:
    Summary.objects.get(paper__arxiv_id="2601.02800").withdraw(chief(), "撤")
    DailyPost.objects.get(date=DAYS[0]).withdraw(chief(), "撤")
    built = build(site, BASE)
    assert built.removed > 4
    assert not (site / "papers/2601.02800").exists() and not (site / "d/speech/2025").exists()
    assert "2601.02800" not in (site / "search/2026-01.json").read_text(encoding="utf-8")


def test_nothing_unpublished_is_in_any_file(site: Path) -> None:
    post = DailyPost.objects.get(date=DAYS[-1])
    secret = make_summary("needs_review", title="秘密的题目", abstract="秘密的摘要。")
    make_entry(post, secret)
    build(site, BASE)
    assert [name for name, data in files(site).items() if "秘密".encode() in data] == []
    assert [name for name in files(site) if secret.paper.arxiv_id in name] == []


def test_a_damaged_or_missing_file_is_made_again(site: Path) -> None:
    before = files(site)
    (site / "papers/2601.02801/index.html").unlink()
    (site / ".build_site.json").write_text("{", encoding="utf-8")
    build(site, BASE)
    assert files(site) == before


def test_new_sources_are_drawn_anew_and_only_what_looks_different_is_written(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = times(site)
    style = tmp_path / "site.css"
    style.write_text("body { color: teal }", encoding="utf-8")
    find = finders.find
    monkeypatch.setattr(finders, "find", lambda name: style if name == "posts/site.css" else find(name))
    monkeypatch.setattr(static_site, "code_print", lambda *also: "another release")
    made: list[str] = []
    bake = Baker.finished
    monkeypatch.setattr(
        Baker, "finished", lambda self, page, answer: made.append(page.file) or bake(self, page, answer)
    )
    assert build(site, BASE).written == 1
    after = times(site)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"static/posts/site.css", ".build_site.json"}
    assert (site / "static/posts/site.css").read_text(encoding="utf-8") == "body { color: teal }"
    assert "index.html" in made and "papers/2601.02801/index.html" in made
    assert build(site, BASE).written == 0


def test_another_address_rewrites_the_links_and_leaves_no_old_one(site: Path) -> None:
    build(site, "https://digest.example")
    left = [name for name, data in files(site).items() if b"github.io" in data or b'"/digest/' in data]
    assert left == []


def test_addresses_that_scripts_make_have_the_sub_path_too(still: Path) -> None:
    script = (still / "static/posts/reader.js").read_text(encoding="utf-8")
    assert "/digest/search/" in script and "/digest/stars/" in script
    assert not re.search(r'["`}]/(?:search|stars)/', script)
    assert "slice(0, 4)" in script
    own = (still / "static/posts/static_site.js").read_text(encoding="utf-8")
    assert 'path === "/search/"' in own  # it finds out by itself where it lies


def test_a_server_is_not_promised_where_there_is_none(still: Path) -> None:
    page = (still / "papers/2601.02803/index.html").read_text(encoding="utf-8")
    assert "报错" not in page and "/report/" not in page
    assert "static_site.js" in page


def test_the_error_page_and_the_word_to_jekyll_are_there(still: Path) -> None:
    assert "没有这一页" in (still / "404.html").read_text(encoding="utf-8")
    assert (still / ".nojekyll").read_bytes() == b""


def test_sitemaps_name_whole_addresses(still: Path) -> None:
    for path in still.glob("sitemap*.xml"):
        found = [node.text or "" for node in ElementTree.parse(path).iter() if node.tag.endswith("}loc")]
        assert found and all(address.startswith(f"{BASE}/") for address in found)


def test_the_search_index_has_every_public_paper_once(still: Path) -> None:
    assert json.loads((still / "search/index.json").read_bytes()) == [["2026-01", 16], ["2025-12", 8]]
    rows = rows_of(still)
    assert len({row[0] for row in rows}) == len(rows) == 24
    assert rows[0][1] == "含 k 个码本的流式口音转换"


def rows_of(site: Path) -> list[Any]:
    months = json.loads((site / "search/index.json").read_bytes())
    return [row for month, _ in months for row in json.loads((site / f"search/{month}.json").read_bytes())]


def test_a_digest_without_posts_and_an_empty_site_can_be_built(tmp_path: Path) -> None:
    make_papers(0)
    make_digest()
    build(tmp_path / "site", BASE)
    assert (tmp_path / "site/d/vision/index.html").is_file()


def test_the_command_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_papers(0)
    call_command("build_site", str(tmp_path / "site"), base_url=BASE)
    assert re.fullmatch(r"pages=\d+ written=\d+ removed=0\n", capsys.readouterr().out)


def test_a_view_that_is_no_page_stops_the_build_instead_of_being_written() -> None:
    with pytest.raises(Exception, match="/papers/2601.00001/"):
        get("/papers/2601.00001/")


def test_the_pages_workflow_calls_commands_that_exist_with_options_they_have() -> None:
    workflow = (Path(__file__).parents[2] / "docs" / "github-pages.yml").read_text(encoding="utf-8")
    calls = re.findall(r"python manage\.py (\w+)((?: --?[\w-]+)*| [^\n]*)", workflow)
    commands = {name for name, _ in calls}
    assert {"migrate", "restore", "import_jekyll", "daily", "backup", "build_site"} <= commands
    for name, words in calls:
        known = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        options = {option for action in known._actions for option in action.option_strings}
        assert set(re.findall(r"(?<= )--[\w-]+", words)) <= options, name
