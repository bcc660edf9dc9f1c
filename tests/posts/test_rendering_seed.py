"""Every reading of the old site against the reference implementation of CommonMark."""

import re

import pytest

from posts.rendering import abstract_html, title_html, to_html

pytest.importorskip("markdown_it", reason="the reference implementation is a development requirement")
from tests.posts import commonmark_reference as reference  # noqa: E402

pytestmark = pytest.mark.skipif(
    not reference.SEED_POSTS.is_dir(), reason="../shared/data/seed-posts is not on this machine"
)
_FORMULA_OR_CODE = re.compile(r"<math.*?</math>|<code>.*?</code>", re.DOTALL)


def raw_bold(shape: list[str]) -> bool:
    return any("**" in text for text in shape if not text.startswith("<"))


def without_stars(shape: list[str]) -> str:
    return "".join(shape).replace("**", "")


def test_every_reading_has_the_structure_of_commonmark() -> None:
    readings = reference.readings()
    assert len(readings) > 400
    differing = []
    for reading in readings:
        ours = reference.shape(to_html(reading))
        theirs = reference.shape(reference.reference_html(reading))
        if ours != theirs and not raw_bold(theirs):
            differing.append(reading[:80])
    assert differing == []


def test_where_commonmark_leaves_stars_only_the_stars_become_bold() -> None:
    better = 0
    for reading in reference.readings():
        ours, theirs = to_html(reading), reference.reference_html(reading)
        if not raw_bold(reference.shape(theirs)):
            continue
        better += 1
        assert not raw_bold(reference.shape(ours))
        assert without_stars(reference.shape(ours, emphasis=False)) == without_stars(
            reference.shape(theirs, emphasis=False)
        )
    assert better


def test_no_formula_is_left_in_readings_abstracts_and_titles() -> None:
    shown = [to_html(text) for text in reference.readings()]
    shown += [abstract_html(text) for text in reference.abstracts()]
    shown += [title_html(text) for text in reference.titles()]
    assert sum(html.count("<math") for html in shown) > 50
    left = [
        match[0]
        for html in shown
        for match in re.finditer(r".{0,20}(?:\\[a-zA-Z({\[]|\$).{0,20}", _FORMULA_OR_CODE.sub("", html))
    ]
    assert left == []


def test_model_tokens_of_the_old_posts_are_visible() -> None:
    texts = [*reference.readings(), *reference.abstracts()]
    tagged = [text for text in texts if re.search(r"<(?:think|answer|unk|laughing|pause|SC)>", text)]
    assert tagged
    for text in tagged:
        for token in set(re.findall(r"<(?:think|answer|unk|laughing|pause|SC)>", text)):
            assert token.replace("<", "&lt;").replace(">", "&gt;") in abstract_html(text) + to_html(text)
