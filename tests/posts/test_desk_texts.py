"""The pure helpers of the desk: differences, merging, alignment, offsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posts.admin import aligned, diffs, merging

CHINESE = st.text(alphabet="我们在说话。！？\n4%𝑥ab ", max_size=60)


def words(pieces, *kinds):
    return "".join(text for kind, text in pieces if kind in kinds)


@given(CHINESE, CHINESE)
def test_a_difference_holds_both_texts_whole(old, new):
    pieces = diffs.joined(diffs.changes(old, new))
    assert words(pieces, "same", "gone") == old
    assert words(pieces, "same", "come") == new


def test_a_difference_is_marked_by_character():
    assert (
        diffs.marked("词错误率降至4.2%。", "词错误率降到4.2%。")
        == "词错误率降<del>至</del><ins>到</ins>4.2%。"
    )


def test_latin_words_are_marked_as_wholes_unless_letters_only_came_or_went():
    assert diffs.marked("We speak to encoder 2.", "We talk to encoders 3.") == (
        "We <del>speak</del><ins>talk</ins> to encoder<ins>s</ins> <del>2</del><ins>3</ins>."
    )


def test_equal_texts_have_no_difference_to_show():
    assert diffs.marked("同一句。", "同一句。") == ""


def test_a_difference_is_escaped():
    shown = diffs.marked("a", "<script>alert(1)</script>")
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_a_long_text_is_compared_in_a_moment():
    old = "语音识别的研究方法与结果分析。" * 400
    new = old.replace("方法", "办法", 30)
    assert words(diffs.joined(diffs.changes(old, new)), "same", "come") == new


BASE = "第一句。第二句。第三句。"


def test_changes_of_different_sentences_are_merged():
    assert merging.merge(BASE, "甲句。第二句。第三句。", "第一句。第二句。乙句。") == "甲句。第二句。乙句。"


def test_the_same_sentence_changed_twice_is_not_merged():
    assert merging.merge(BASE, "第一句。甲。第三句。", "第一句。乙。第三句。") is None


def test_two_insertions_at_one_place_are_not_merged():
    assert merging.merge(BASE, BASE + "甲。", BASE + "乙。") is None


def test_the_same_change_by_both_is_made_once():
    assert merging.merge(BASE, "甲。第二句。第三句。", "甲。第二句。丙。") == "甲。第二句。丙。"


@pytest.mark.parametrize(("mine", "theirs"), [(BASE, "乙。"), ("甲。", BASE), ("丙。", "丙。")])
def test_one_sided_changes_win(mine, theirs):
    assert merging.merge(BASE, mine, theirs) == (theirs if mine == BASE else mine)


@given(CHINESE, CHINESE, CHINESE)
def test_a_merge_with_an_untouched_side_is_the_other_side(base, mine, theirs):
    assert merging.merge(base, base, theirs) == theirs
    assert merging.merge(base, mine, base) == mine


def test_rows_pair_sentences_and_show_the_lonely_one():
    english = "We convert accents while people speak. Nobody translated this third statement about costs. The error rate falls to 4.2%."
    rows = aligned.rows(english, "我们在人说话的同时转换口音。错误率降至4.2%。")
    assert [row.lonely for row in rows] == ["", "source", ""]
    assert "4.2%" in rows[2].source and "4.2%" in rows[2].target


def test_without_chinese_every_english_sentence_stands_alone():
    assert [row.lonely for row in aligned.rows("One sentence here. And another one.", "")] == ["source"] * 2


def test_sentences_carry_their_formulae_as_mathml():
    [row] = aligned.rows("It costs $O(n)$ steps.", "它需要$O(n)$步。")
    assert "<math" in row.source and "<math" in row.target


def test_a_sentence_cannot_carry_markup_in():
    [row] = aligned.rows("A <img src=x onerror=alert(1)> here.", "这里有<script>alert(1)</script>。")
    assert "<img" not in row.source
    assert "<script" not in row.target


def test_positions_count_as_browsers_count():
    assert aligned.utf16("甲𝑥乙", 2) == 3
    rows = aligned.rows("A 𝑥 b. Second one here.", "甲𝑥乙。第二句。")
    assert rows[-1].end == len("甲𝑥乙。第二句。".encode("utf-16-le")) // 2
