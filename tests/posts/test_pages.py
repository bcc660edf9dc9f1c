"""The reading site's pages, as an anonymous reader gets them."""

import re
from urllib.parse import quote

import pytest
from django.test import Client

from papers.models import Revision, Term
from posts.models import Rendered
from tests.base import (
    DAY,
    chief,
    make_digest,
    make_entry,
    make_paper,
    make_post,
    make_public_paper,
    make_summary,
)

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    return response.content.decode()


def test_an_empty_site_says_so_on_every_list(client: Client) -> None:
    for address in ("/", "/d/speech/", "/archive/", "/categories/", "/tags/", "/statistics/"):
        assert "还" in text_of(client, address), address


def test_the_day_page_shows_what_the_old_posts_showed(client: Client) -> None:
    paper = make_public_paper("2601.19786")
    page = text_of(client, "/d/speech/2026/01/28/")
    for wanted in (
        "2026年1月28日",
        "锚点 08:50 Asia/Shanghai",
        "2026-01-27 08:50",
        "2026-01-28 08:50",
        "arXiv 公布 1 · 本页 1",
        "新提交",
        "Ada Example, Bo Sample",
        "cs.SD",
        f"https://arxiv.org/abs/{paper.arxiv_id}v1",
        f"https://arxiv.org/pdf/{paper.arxiv_id}v1",
        "我们在人说话的同时转换口音",
        "详细解读",
        "审校：主编",
    ):
        assert wanted in page, wanted
    assert 'lang="en">Streaming Accent Conversion' in page
    assert "<math" in page


def test_a_paper_page_has_one_address_for_life(client: Client) -> None:
    make_public_paper("2601.19786")
    make_public_paper("math/0309136")
    for name in ("2601.19786v2", "arXiv:2601.19786"):
        response = client.get(f"/papers/{name}/")
        assert (response.status_code, response["Location"]) == (301, "/papers/2601.19786/")
    assert client.get("/papers/math.GT/0309136/")["Location"] == "/papers/math/0309136/"
    assert "流式口音转换" in text_of(client, "/papers/math/0309136/")


def test_the_ledger_line_tells_where_the_others_are(client: Client) -> None:
    post = make_post(published=True)
    make_entry(post)
    make_entry(post, make_summary("approved"), held="排除词：survey")
    make_entry(post, make_summary("needs_review"))
    make_entry(post, make_summary("rejected"))
    type(post).objects.filter(pk=post.pk).update(fetched=6)
    page = text_of(client, post.get_absolute_url())
    assert "arXiv 公布 6 · 本页 1" in page
    assert "编辑未采用 1" in page
    assert "按规则未列 1（排除词：survey 1）" in page
    assert "翻译或审校中 1" in page
    assert "尚未收录 2" in page


def test_the_home_page_and_a_range_have_the_ledger_line_too(client: Client) -> None:
    post = make_post(published=True)
    make_entry(post)
    make_entry(post, make_summary("needs_review"), section="cross")
    type(post).objects.filter(pk=post.pk).update(fetched=3)
    for address in ("/", "/d/speech/?since=2026-01-01"):
        page = " ".join(text_of(client, address).split())
        assert "arXiv 公布 3 · 本页 1 · 翻译或审校中 1 · <strong>尚未收录 1</strong>" in page


def test_entries_are_numbered_anew_on_each_day_of_a_range(client: Client) -> None:
    for day in (26, 27):
        make_public_paper(arxiv_id=f"2601.000{day}", date=DAY.replace(day=day))
    assert text_of(client, "/d/speech/?since=2026-01-01").count('<span class="number">1</span>') == 2


def test_a_day_without_a_post_says_why(client: Client) -> None:
    make_public_paper("2601.19786")
    for address, reason in (("01/31", "周末或美国假日"), ("01/29", "可能还没有发布")):
        response = client.get(f"/d/speech/2026/{address}/")
        assert response.status_code == 404
        assert reason in response.content.decode()


def test_an_english_heading_of_the_old_site_stands_once(client: Client) -> None:
    make_public_paper("2601.19786", title="Old Heading")
    Revision.objects.update(title="Old Heading")
    Rendered.objects.all().delete()
    for address in ("/", "/d/speech/2026/01/28/", "/papers/2601.19786/"):
        body = text_of(client, address).partition("<main")[2].partition('<details class="cite"')[0]
        visible = re.sub(r'title="[^"]*"', "", body)
        assert visible.count("Old Heading") == 1, address
        assert 'lang="en">Old Heading<' in visible, address


def test_a_paper_can_be_cited_in_two_ways(client: Client) -> None:
    make_public_paper(
        "2601.19786", authors=["Ada de Example", "Bo Sample", "Cy Test", "Di Four"], title="A Title"
    )
    page = text_of(client, "/papers/2601.19786/")
    assert "EXAMPLE A D, SAMPLE B, TEST C, et al. A Title[EB/OL]." in page
    assert "eprint = {2601.19786}" in page


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://creativecommons.org/licenses/by-nc-sa/4.0/", "CC BY-NC-SA 4.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0 1.0"),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "arXiv 非独占发行许可 1.0"),
    ],
)
def test_a_licence_has_a_name_and_its_address(client: Client, address: str, name: str) -> None:
    make_public_paper("2601.19786", licence=address)
    assert f'<a rel="license" href="{address}">{name}</a>' in text_of(client, "/papers/2601.19786/")


def test_links_carry_what_chats_and_reference_managers_read(client: Client) -> None:
    make_public_paper("2601.19786")
    paper = text_of(client, "/papers/2601.19786/")
    for name in (
        "og:title",
        "og:url",
        "og:description",
        "twitter:card",
        "citation_title",
        "citation_pdf_url",
    ):
        assert f'"{name}"' in paper, name
    assert 'content="语音与音频 2026年1月28日"' in text_of(client, "/d/speech/2026/01/28/")
    assert 'class="Z3988"' in text_of(client, "/categories/cs.SD/")


def test_a_long_day_leaves_the_readings_to_the_papers(client: Client) -> None:
    post = make_post(published=True)
    for _ in range(31):
        make_entry(post)
    page = text_of(client, post.get_absolute_url())
    paper = post.entries.first().paper
    assert f'<a href="/papers/{paper.arxiv_id}/#reading">在论文页读</a>' in page
    assert 'class="prose"' not in page
    assert 'class="prose"' in text_of(client, f"/papers/{paper.arxiv_id}/")


def test_a_paper_page_tells_every_version_and_which_one_is_translated(client: Client) -> None:
    paper = make_public_paper("2601.19786")
    rows = [{"version": 1, "submitted": "2026-01-26T08:00:00+00:00"}, {"version": 2, "size": "1kb"}]
    type(paper).objects.filter(pk=paper.pk).update(version=3, versions=rows)
    page = " ".join(text_of(client, "/papers/2601.19786/").split())
    assert 'abs/2601.19786v1">v1</a> <time datetime="2026-01-26">2026年1月26日</time>（译自这一版）' in page
    assert 'abs/2601.19786v3">v3</a>' in page


def test_authors_fold_after_a_dozen(client: Client) -> None:
    make_public_paper("2601.19786", authors=[f"Author {n}" for n in range(1, 31)])
    page = text_of(client, "/d/speech/2026/01/28/")
    assert "<summary>等 30 人</summary>Author 13" in page


def test_a_changed_abstract_is_announced_while_its_translation_waits(client: Client) -> None:
    paper = make_public_paper("2601.19786")
    before = {"version": 1, "title": paper.title, "abstract": paper.abstract}
    make_paper("2601.19786", version=2, abstract="Another abstract.")
    type(paper).objects.filter(pk=paper.pk).update(versions=[before])
    paper.summary.offer(paper.summary.current, why="source")
    page = text_of(client, "/papers/2601.19786/")
    assert "第 2 版" in page
    assert "https://arxiv.org/pdf/2601.19786v1" in page


def test_a_range_shows_every_day_since_a_date(client: Client) -> None:
    first = make_public_paper(arxiv_id="2601.00001", date=DAY.replace(day=26))
    second = make_public_paper(arxiv_id="2601.00002", date=DAY.replace(day=27))
    page = text_of(client, "/d/speech/?since=2026-01-27")
    assert second.arxiv_id in page
    assert first.arxiv_id not in page


def test_twins_carry_the_text_for_programs(client: Client) -> None:
    make_public_paper("2601.19786")
    assert "# 含 $k$ 个码本的流式口音转换" in text_of(client, "/papers/2601.19786.md")
    assert client.get("/papers/2601.19786.json").json()["reviewed"] is True
    assert client.get("/d/speech/2026/01/28.json").json()["papers"][0]["section"] == "new"
    assert "arXiv 公布 1" in text_of(client, "/d/speech/2026/01/28.md")
    assert "archivePrefix = {arXiv}" in text_of(client, "/papers/2601.19786.bib")


def test_categories_under_other_names_redirect(client: Client) -> None:
    assert client.get("/categories/cs.sd/")["Location"] == "/categories/cs.SD/"
    assert client.get("/categories/math.MP/")["Location"] == "/categories/math-ph/"
    assert client.get("/categories/cs.XX/").status_code == 404


def test_public_pages_set_no_cookie_and_vary_by_none(client: Client) -> None:
    make_public_paper("2601.19786")
    for address in ("/", "/d/speech/2026/01/28/", "/papers/2601.19786/", "/search/?q=口音"):
        response = client.get(address)
        assert not response.cookies, address
        assert "Cookie" not in response.get("Vary", ""), address


def test_a_withdrawn_text_says_so_at_its_address(client: Client) -> None:
    paper = make_public_paper("2601.19786")
    paper.summary.withdraw(chief(), "译错了")
    response = client.get("/papers/2601.19786/")
    assert response.status_code == 410
    assert "已撤下" in response.content.decode()
    assert "流式口音" not in response.content.decode()


def test_the_home_page_shows_the_newest_day_of_every_digest(client: Client) -> None:
    make_public_paper("2601.19786")
    make_entry(
        make_post(digest=make_digest(), published=True), make_summary("approved", title="图像里的方言")
    )
    page = text_of(client, "/")
    assert "流式口音转换" in page
    assert "图像里的方言" in page


def test_a_term_is_shown_with_a_sentence_and_a_way_to_contest_it(client: Client) -> None:
    Term.objects.update_or_create(english="word error rate", defaults={"chinese": "词错误率"})
    make_public_paper("2601.19786")
    page = text_of(client, "/glossary/Word%20Error%20Rate/")
    assert "词错误率降至4.2%" in page
    assert "建议修改" in page


def test_a_reported_sentence_is_quoted_as_it_is_read(client: Client) -> None:
    paper = make_paper("2601.19786", abstract="We need $k < 3$ books. The rate falls.")
    make_entry(
        make_post(published=True),
        make_summary("approved", paper, abstract="我们需要$k < 3$本书。错误率下降。"),
    )
    page = client.get("/papers/2601.19786/").content.decode()
    assert f"report/?sentence={quote('我们需要$k < 3$本书。')}" in page


def test_a_page_that_is_not_there_claims_no_address(client: Client) -> None:
    assert 'rel="canonical"' not in client.get("/nothing/").content.decode()
