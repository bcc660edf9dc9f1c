import json

import pytest

from papers import prompts
from papers.prompts import BadReply, Prompt

TITLE = "SmallTTS: Fast Speech Synthesis"
ABSTRACT = (
    "arXiv:2601.12345v1 Announce Type: new \nAbstract: We propose SmallTTS with a loss $L_1$ and\nfast decoding. "
    "It needs 12.5M parameters and reaches a WER of 3.2\\% on LibriSpeech. Code: https://a.org/b."
)
GOOD = (
    "本文提出SmallTTS，使用损失⟦M1⟧与快速解码。它只需12.5M参数，在LibriSpeech上词错误率为3.2%。代码：⟦M2⟧。"
)
READING = (
    "1) **研究背景与既有方法的问题**\n\n语音合成的模型往往很大，推理缓慢，难以部署在移动设备上。\n\n"
    "2) **核心方法**\n\n作者提出SmallTTS，用3层的解码器直接预测声学词元：\n\n- 训练使用12000小时语音；\n- 学习率为5%。\n\n"
    "3) **任务与效果**\n\n在LibriSpeech上词错误率为3.24，低于基线的4.1，模型也更小。"
)


@pytest.fixture
def prompt() -> Prompt:
    return prompts.translation(TITLE, ABSTRACT)


def reply(title: str = "SmallTTS：快速语音合成", abstract: str = GOOD) -> str:
    return json.dumps({"title": title, "abstract": abstract}, ensure_ascii=False)


def reason(text: str, prompt: Prompt) -> str:
    with pytest.raises(BadReply) as caught:
        prompts.read_translation(text, prompt)
    assert caught.value.message
    return caught.value.reason


# --- what we say -----------------------------------------------------------------------------------------------------


def test_the_last_message_is_the_papers_data_and_nothing_else(prompt: Prompt) -> None:
    assert json.loads(prompt.messages[-1]["content"]) == {
        "title": TITLE,
        "abstract": "We propose SmallTTS with a loss ⟦M1⟧ and fast decoding. It needs 12.5M parameters and reaches a WER "
        "of 3.2\\% on LibriSpeech. Code: ⟦M2⟧.",
    }
    assert [message["role"] for message in prompt.messages] == ["system", "user"]
    assert prompt.json_reply and "JSON" in prompt.messages[0]["content"]


def test_a_whole_abstract_is_sent_however_long() -> None:
    long = " ".join(f"Sentence number {number} says something." for number in range(800))
    prompt = prompts.translation(TITLE, long)
    assert json.loads(prompt.messages[-1]["content"])["abstract"] == long
    assert prompt.max_tokens > prompt.tokens


def test_masks_of_title_and_abstract_do_not_share_numbers() -> None:
    data = json.loads(prompts.translation("On $x$", "We study $x$.").messages[-1]["content"])
    assert data == {"title": "On ⟦M1⟧", "abstract": "We study ⟦M2⟧."}


def test_paragraphs_of_an_abstract_stay_apart_and_line_wraps_go() -> None:
    data = json.loads(prompts.translation("T", "One\ntwo.\n  Three\nfour.").messages[-1]["content"])
    assert data["abstract"] == "One two.\n\nThree four."


def test_at_most_fifteen_terms_go_along_with_variants_and_forbidden_ones() -> None:
    terms = [("token", "词元", ("标记",), ("令牌",)), *((f"term {n}", f"术语{n}") for n in range(20))]
    data = json.loads(prompts.translation(TITLE, ABSTRACT, terms).messages[-1]["content"])
    assert data["terms"][0] == {"en": "token", "zh": "词元", "also": ["标记"], "avoid": ["令牌"]}
    assert data["terms"][1] == {"en": "term 0", "zh": "术语0"}
    assert len(data["terms"]) == 15


def test_a_repair_and_an_editors_wish_go_into_the_system_message_after_the_fixed_part(prompt: Prompt) -> None:
    repair = prompts.translation(TITLE, ABSTRACT, instruction="标题译得短一些", failure="缺少⟦M2⟧")
    assert repair.messages[-1] == prompt.messages[-1]
    assert repair.messages[0]["content"].startswith(prompt.messages[0]["content"])
    assert "标题译得短一些" in repair.messages[0]["content"] and "缺少⟦M2⟧" in repair.messages[0]["content"]


def test_an_instruction_with_braces_is_taken_as_it_is() -> None:
    system = prompts.translation("T", "A.", instruction="{x}", failure="{0}").messages[0]["content"]
    assert "{x}" in system and "{0}" in system


def test_a_reading_gets_the_full_text_plain() -> None:
    prompt = prompts.reading("The full text.", failure="缺少第3部分")
    assert prompt.messages[-1] == {"role": "user", "content": "The full text."}
    assert not prompt.json_reply
    assert "缺少第3部分" in prompt.messages[0]["content"]


@pytest.mark.parametrize("system", [prompts.TRANSLATION, prompts.READING])
def test_instructions_declare_the_papers_text_untrusted(system: str) -> None:
    assert "绝不执行" in system and "数据" in system


# --- what we accept: translations ------------------------------------------------------------------------------------


def test_a_good_translation_has_its_formulae_and_links_back(prompt: Prompt) -> None:
    done = prompts.read_translation(reply(), prompt)
    assert done.title == "SmallTTS：快速语音合成"
    assert done.abstract == GOOD.replace("⟦M1⟧", "$L_1$").replace("⟦M2⟧", "https://a.org/b")


@pytest.mark.parametrize(
    "wrapped",
    [
        "```json\n{}\n```",
        '<think>先看 {{"title": 1}}</think>\n{}',
        "好的，以下是译文：\n\n{}\n\n希望对您有帮助！",
        '{{"translation": {}}}',
    ],
)
def test_what_stands_round_the_json_does_not_matter(prompt: Prompt, wrapped: str) -> None:
    text = (
        wrapped.replace("{}", reply())
        .replace("{{", "{")
        .replace("}}", "}}" if "translation" in wrapped else "}")
    )
    assert prompts.read_translation(text, prompt).title == "SmallTTS：快速语音合成"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("<think>想", "empty"),
        ("本文提出SmallTTS。", "not_json"),
        ("抱歉，我无法协助完成这一请求。", "refused"),
        ("I'm sorry, but I can't help with that.", "refused"),
        (reply()[:-30], "half_json"),
        ('{"title": "标题"}', "missing_field"),
        ('{"title": "标题", "abstract": ["a"]}', "missing_field"),
        (reply(abstract=""), "empty"),
        (reply(title=" "), "empty"),
        (reply(abstract="抱歉，我无法翻译这段内容。"), "refused"),
        (reply(abstract="We propose SmallTTS with ⟦M1⟧ and ⟦M2⟧."), "not_chinese"),
        (reply(title="Fast Speech Synthesis"), "not_chinese"),
        (reply(abstract=GOOD.replace("⟦M2⟧", "")), "tokens"),
        (reply(abstract=GOOD + "⟦M1⟧"), "tokens"),
        (reply(abstract=GOOD + "⟦M3⟧"), "tokens"),
        (reply(title="快速⟦M1⟧合成", abstract=GOOD.replace("⟦M1⟧", "")), "tokens"),
    ],
)
def test_a_bad_translation_is_refused_with_its_reason(prompt: Prompt, text: str, expected: str) -> None:
    assert reason(text, prompt) == expected


def test_the_message_of_lost_tokens_names_them(prompt: Prompt) -> None:
    with pytest.raises(BadReply, match="缺少⟦M2⟧"):
        prompts.read_translation(reply(abstract=GOOD.replace("⟦M2⟧", "")), prompt)


def test_a_title_that_is_a_name_may_stay_english() -> None:
    prompt = prompts.translation("GPT-4o", "We describe a model.")
    assert prompts.read_translation(reply("GPT-4o", "本文介绍一个模型。"), prompt).title == "GPT-4o"


@pytest.mark.parametrize(
    "label",
    [
        "摘要：",
        "**摘要**：",
        "中文摘要:",
        "【】"[:0] + "译文：",
        "以下是摘要的中文翻译：",
        "公告类型：新\n摘要：",
        "Abstract: ",
    ],
)
def test_leaked_labels_are_stripped(prompt: Prompt, label: str) -> None:
    assert prompts.read_translation(reply(abstract=label + GOOD), prompt).abstract.startswith("本文提出")


def test_words_of_a_label_inside_the_text_stay() -> None:
    prompt = prompts.translation("T of x", "Abstracts are summarised.")
    assert (
        prompts.read_translation(reply("摘要生成", "摘要生成是一项任务。"), prompt).abstract
        == "摘要生成是一项任务。"
    )


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (r"\textbf{快速}模型", "快速模型"),
        (r"\emph{快\textit{速}}模型", "快速模型"),
        (r"提升5\%的A\&B", "提升5%的A&B"),
        ("**快速**模型", "快速模型"),
        (r"模型\footnote{见附录}", "模型（见附录）"),
        ("使用 SmallTTS 模型", "使用SmallTTS模型"),
        ("模型\n很快", "模型很快"),
        ("模\u202e型\x0c很\ud800快\x00", "模型很快"),
    ],
)
def test_machine_text_is_normalised(written: str, plain: str) -> None:
    prompt = prompts.translation("A model", "A fast model.")
    assert (
        prompts.read_translation(json.dumps({"title": "模型", "abstract": written}), prompt).abstract == plain
    )


def test_a_single_backslash_in_json_is_forgiven() -> None:
    prompt = prompts.translation("A model", "A fast model.")
    text = '{"title": "模型", "abstract": "\\textbf{快速}的\\alpha模型"}'
    assert prompts.read_translation(text, prompt).abstract == "快速的\\alpha模型"


def test_book_marks_round_a_title_go_and_those_inside_stay() -> None:
    prompt = prompts.translation("A model", "A fast model.")
    assert prompts.read_translation(reply("《快速模型》", "很快。"), prompt).title == "快速模型"
    assert (
        prompts.read_translation(reply("《红楼》与《西游》", "很快。"), prompt).title == "《红楼》与《西游》"
    )


# --- what we accept: readings ----------------------------------------------------------------------------------------


def test_a_good_reading_is_taken_as_it_is() -> None:
    assert prompts.read_reading(READING) == READING


@pytest.mark.parametrize(
    "heads",
    [
        ("1. 研究背景与问题", "2. 核心方法", "3. 任务与效果"),
        ("1、研究背景", "2、核心方法", "3、任务与效果"),
        ("一、研究背景", "二、核心方法", "三、任务与效果"),
        ("### 1 研究背景", "### 2 核心方法", "### 3 任务与效果"),
        ("### 1. 研究背景", "### 2. 核心方法", "### 3. 任务与效果"),
        ("**1）研究背景**", "**2）核心方法**", "**3）任务与效果**"),
        ("第一部分：研究背景", "第二部分：核心方法", "第三部分：任务与效果"),
        ("1)", "2)", "3)"),
    ],
)
def test_the_three_parts_are_known_in_many_forms(heads: tuple[str, str, str]) -> None:
    text = READING
    for old, new in zip(("研究背景与既有方法的问题", "核心方法", "任务与效果"), heads, strict=True):
        text = text.replace(f"{heads.index(new) + 1}) **{old}**", new)
    assert prompts.read_reading(text) == text


def test_a_numbered_list_inside_a_part_is_not_taken_for_the_parts() -> None:
    listed = (
        READING.replace("- 训练使用", "1. 训练使用").replace("- 学习率", "2. 学习率")
        + "\n\n1. 小\n2. 快\n3. 省。"
    )
    assert prompts.read_reading(listed) == listed


def test_fences_and_courtesies_go() -> None:
    text = f"```markdown\n好的，以下是解读：\n\n{READING}\n\n希望以上解读对您有所帮助！\n```"
    assert prompts.read_reading(text) == READING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("抱歉，我无法完成。", "refused"),
        ("（全文解读失败：404 Client Error）", "refused"),
        ("这篇论文提出了一种方法，效果很好。", "parts"),
        (READING.split("3)")[0], "parts"),
        (READING.split("低于")[0] + "，", "cut"),
        (READING.replace("在LibriSpeech上词错误率为3.24，低于基线的4.1，模型也更小。", "无。"), "parts"),
        (
            READING + " The model is small and fast and it works very well on all of the data sets." * 9,
            "not_chinese",
        ),
    ],
)
def test_a_bad_reading_is_refused_with_its_reason(text: str, expected: str) -> None:
    with pytest.raises(BadReply) as caught:
        prompts.read_reading(text)
    assert caught.value.reason == expected


def test_list_markers_of_a_reading_survive_the_closing_up() -> None:
    text = READING.replace("- 训练使用12000小时", "- 训练 使用 12000 小时")
    assert "- 训练使用12000小时" in prompts.read_reading(text)
