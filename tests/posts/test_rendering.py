"""What a reader sees of what a language model wrote."""

import re

import pytest

from posts.rendering import abstract_html, plain, title_html, to_html


def flat(markdown: str) -> str:
    return to_html(markdown).replace("\n", "")


def test_a_list_may_follow_a_line_without_a_blank_line() -> None:
    assert flat("方法：\n- 甲\n- 乙") == "<p>方法：</p><ul><li>甲</li><li>乙</li></ul>"


@pytest.mark.parametrize("indent", ["  ", "   ", "    "])
def test_a_bullet_nests_with_two_three_or_four_spaces(indent: str) -> None:
    assert flat(f"- 甲\n{indent}- 乙") == "<ul><li>甲<ul><li>乙</li></ul></li></ul>"


def test_a_numbered_item_may_begin_with_a_bullet_on_its_line() -> None:
    html = flat("1) - **研究背景**：甲\n   - 乙\n2) - 丙")
    assert html == (
        "<ol><li><ul><li><strong>研究背景</strong>：甲</li><li>乙</li></ul></li><li><ul><li>丙</li></ul></li></ol>"
    )


@pytest.mark.parametrize("mark", ["1.", "1)", "1、"])
def test_three_kinds_of_numbers_make_an_ordered_list(mark: str) -> None:
    assert flat(f"{mark} 甲\n   - 乙") == "<ol><li>甲<ul><li>乙</li></ul></li></ol>"


def test_numbers_are_kept() -> None:
    assert flat("3. 丙\n4. 丁") == '<ol start="3"><li>丙</li><li>丁</li></ol>'


def test_a_date_is_no_list() -> None:
    assert flat("3、4月的数据") == "<p>3、4月的数据</p>"


@pytest.mark.parametrize(
    "markdown, bold",
    [
        ("**注意：**正文", "注意："),
        ("含**“重点”**内容", "“重点”"),
        ("使用**变分自编码器（VAE）**将音频压缩", "变分自编码器（VAE）"),
        ("这是** 粗体 **文字", "粗体"),
        ("这是__粗体__文字", "粗体"),
    ],
)
def test_bold_works_beside_chinese(markdown: str, bold: str) -> None:
    html = flat(markdown)
    assert f"<strong>{bold}</strong>" in html
    assert "**" not in html and "__" not in html


def test_product_signs_and_dunder_names_stay() -> None:
    assert flat("3*3卷积和5*5卷积") == "<p>3*3卷积和5*5卷积</p>"
    assert flat("调用__init__方法，2 ** 3 和 4 ** 5") == "<p>调用__init__方法，2 ** 3 和 4 ** 5</p>"


def test_struck_text() -> None:
    assert flat("~~旧~~新，约 3~5 次") == "<p><del>旧</del>新，约 3~5 次</p>"


def test_a_table_may_follow_a_line_and_formulae_may_hold_bars() -> None:
    html = flat("结果：\n| 模型 | $|x|$ |\n|:--|--:|\n| 甲 | $a|b$ |\n后文")
    assert html.startswith('<p>结果：</p><table><thead><tr><th class="left">模型</th>')
    assert html.count("<td") == 2
    assert html.count("<math") == 2
    assert html.endswith("</table><p>后文</p>")


def test_more_cells_than_columns_lose_no_text() -> None:
    assert "丙" in flat("|甲|\n|-|\n|乙|丙|")


def test_a_fence_inside_a_list_item_is_code_and_holds_no_formula() -> None:
    html = to_html("- 甲\n  ```py\n  x = '$a$' < 1\n  ```\n- `$b$`")
    assert "<pre><code>x = '$a$' &lt; 1\n</code></pre>" in html
    assert "<code>$b$</code>" in html
    assert "<math" not in html


def test_a_line_end_between_han_vanishes() -> None:
    assert to_html("语音\n识别，\nBERT\nand GPT") == "<p>语音识别，BERT\nand GPT</p>"


def test_headings_leave_the_first_two_levels_to_the_page() -> None:
    html = flat("# 一\n## 二\n### 三\n###### 六")
    assert html == "<h3>一</h3><h3>二</h3><h4>三</h4><h6>六</h6>"


def test_html_in_the_text_is_text() -> None:
    assert flat("输出 <think>x</think> 与 <3%") == "<p>输出 &lt;think&gt;x&lt;/think&gt; 与 &lt;3%</p>"


def test_an_image_is_its_description() -> None:
    assert flat("见 ![架构](https://evil.example/x.png)") == "<p>见 架构</p>"


def test_links_carry_rel_and_addresses_become_links() -> None:
    html = flat("[甲](https://a.example/b_c_d) 代码在https://github.com/a/b_c。")
    assert html.count('rel="nofollow noopener noreferrer ugc"') == 2
    assert 'href="https://github.com/a/b_c"' in html


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/admin/", "vbscript:x"]
)
def test_other_schemes_are_text(target: str) -> None:
    assert "href" not in flat(f"[甲]({target}) <{target}>")


def test_a_title_has_no_blocks_and_no_links() -> None:
    html = title_html(r"- A \textbf{bold} $\alpha$ for Schr\"odinger at https://a.example *x*")
    assert html.startswith("- A <strong>bold</strong> <math")
    assert "Schrödinger at https://a.example *x*" in html


def test_an_abstract_shows_model_tokens_and_keeps_paragraphs() -> None:
    html = abstract_html("低于<3%，<unk>。\n\n**要点**：见 https://a.example/x")
    assert html.replace("\n", "").startswith("<p>低于&lt;3%，&lt;unk&gt;。</p><p><strong>要点</strong>")
    assert 'href="https://a.example/x"' in html


def test_plain_text_has_accents_and_no_delimiters() -> None:
    assert plain(r"Schr\"odinger, Erd\H{o}s, $\alpha$-divergence, $5 and \textbf{x}") == (
        "Schrödinger, Erdős, α-divergence, $5 and x"
    )


def test_empty_text_is_empty_html() -> None:
    assert to_html("") == abstract_html(" \n") == title_html("") == plain("") == ""


def test_control_characters_and_direction_marks_do_not_pass() -> None:
    assert to_html("a\x00b\x0cc\u202ed\ufdd00\ufdd1e") == "<p>ab\ncd0e</p>"
    assert not re.search("[\x00-\x08\u202e\ufdd0]", to_html("&#0;&#x202e;&#xfdd0;0&#xfdd1;甲"))


def test_lines_of_a_display_formula_are_rows() -> None:
    html = to_html("$$\na = b \\\\\nc = \\substack{d\\\\e} \\\\\n$$")
    assert html.count("<mtr>") >= 2
    assert "linebreak" not in html
    assert "<mtable" not in to_html("$$\na = b \\\\\n$$")


def mathml(tex: str) -> str:
    """The MathML of a formula without what carries its source."""
    html = re.sub(r"<annotation.*?</annotation>|</?semantics>|</?mrow>", "", flat(f"${tex}$"))
    return html.removeprefix('<p><math display="inline">').removesuffix("</math></p>")


@pytest.mark.parametrize("environment", ["aligned", "alignedat}{2", "split", "align*", "alignat}{2"])
def test_lines_of_every_aligned_environment_are_rows_in_columns(environment: str) -> None:
    name = environment.partition("}")[0]
    html = flat(rf"$$\begin{{{environment}}} a &= b \\ &= c \end{{{name}}}$$")
    assert html.count("<mtr>") == 2
    assert "&amp;</mi>" not in html and "<code>" not in html


def test_columns_of_an_unknown_environment_are_not_signs() -> None:
    assert flat(r"$$\begin{foo} a & b \end{foo}$$") == r"<p><code>\begin{foo} a &amp; b \end{foo}</code></p>"
    assert mathml(r"R\&D").count("<mi>&amp;</mi>") == 1


@pytest.mark.parametrize(
    "tex",
    [
        r"\arg\max_\theta",
        r"\arg\,\max_\theta",
        r"\operatorname*{arg\,max}_\theta",
        r"\operatorname{argmax}_\theta",
    ],
)
def test_arg_max_is_one_operator_however_written(tex: str) -> None:
    shown = mathml(tex)
    assert re.search(r"<mo [^>]*>arg\s?max</mo>", shown), shown
    assert "*" not in shown


def test_a_function_stands_apart_from_its_argument_but_not_from_a_bracket() -> None:
    thin = '<mspace width="0.167em"></mspace>'
    assert mathml(r"2\log q") == f"<mn>2</mn>{thin}<mi>log</mi>{thin}<mi>q</mi>"
    assert thin not in mathml(r"\log(q)")
    assert thin not in mathml(r"\operatorname{softmax}(x)")
    assert mathml(r"\sin^2 x").endswith(f"</msup>{thin}<mi>x</mi>")


def test_a_minus_after_a_bracket_is_a_sign_and_between_letters_is_not() -> None:
    assert '<mo form="prefix">−</mo>' in mathml(r"\exp(-x)")
    assert "prefix" not in mathml("a-b")


def test_no_line_ends_between_an_opening_bracket_and_a_formula() -> None:
    assert flat("保持不变（$x$）。").startswith('<p>保持不变<span class="nobr">（<math')
    assert "nobr" not in flat("保持$x$不变。")


def test_spaces_and_ties_of_tex_are_spaces() -> None:
    assert plain(r"3\,ms, 10\,\% (见图~\ref{fig:a})") == "3 ms, 10 % (见图 [fig:a])"
    assert flat(r"3\,ms") == "<p>3\xa0ms</p>".replace("\xa0", "&nbsp;")
    assert flat(r"甲\,乙") == "<p>甲,乙</p>"


def test_a_tex_list_in_an_abstract_is_lines_with_bullets() -> None:
    html = abstract_html(r"We have: \begin{itemize} \item one \item two \end{itemize} Done.")
    assert re.sub(r"\s+", " ", html) == "<p>We have: <br>• one <br>• two Done.</p>"
