"""From a model's reply to a text of ours, or to the reason why it is none."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from papers.fidelity.number_words import in_english_words
from papers.fidelity.numbers import Number, numbers_in
from papers.llm.reply import without_thoughts
from papers.masking import HAN, Masked, close_up, own_tokens, tidy

PART_LIMITS = (200, 600, 200)  # characters, as the prompt asks
TOLERANCE = 1.5  # a part is too long from this many times its limit
LEAST_PART = 10  # Han characters


class BadReply(Exception):
    """A reply that is no text for readers.

    reason   refused, not_json, half_json, missing_field, empty, not_chinese, tokens; and for readings: parts,
             not_chinese, refused, cut, empty
    message  in Chinese, fit to be handed back to the model as the failure to repair
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class Translation:
    title: str
    abstract: str


@dataclass(frozen=True)
class Reading:
    """A reading in Markdown. `problems` (Chinese sentences) do not forbid it, but an editor should look."""

    text: str
    problems: list[str] = field(default_factory=list)


# --- what both kinds of reply have in common -------------------------------------------------------------------------

_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
# Only at the start: inside a text such words are the paper's.
_REFUSAL = re.compile(
    r"\W{0,3}(?:(?:很|非常)?(?:抱歉|对不起)|我?(?:无法|不能)(?:协助|提供|完成|翻译|处理|回答|满足)|作为(?:一个|一名)?(?:AI|人工智能|大?语言模型)"
    r"|(?:翻译|解读|全文解读|分析|生成)失败|(?:I['’]m|I am)\s+(?:very\s+)?sorry|Sorry\b|I\s+(?:can(?:no|['’])t|am unable)"
    r"|As an AI|Error(?: code)?\s*:|Traceback|<(?:!doctype|html))",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\A\s*```[\w-]*[ \t]*\n(?P<inside>.*?)\n?[ \t]*```\s*\Z", re.DOTALL)


def _clean(text: str) -> str:
    """Without control characters, lone surrogates and marks that turn the direction of writing."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n")).strip()


def _refused(text: str) -> BadReply | None:
    return BadReply("refused", f"模型没有给出正文，只回答：{text[:80]}") if _REFUSAL.match(text) else None


def _is_chinese(text: str) -> bool:
    return len(_HAN.findall(text)) > len(_LATIN_WORD.findall(text))


# --- translations ----------------------------------------------------------------------------------------------------

_LABEL = re.compile(
    r"\A(?:\s*[*_#>]*\s*(?:(?:中文|论文|英文|译文)?(?:摘要|标题|题目|译文|翻译)(?:翻译|如下|译文)?|Abstract|Title)\s*[*_]*\s*[:：]\s*[*_]*"
    r"|\s*(?:好的[，,。]?\s*)?(?:以下|下面)(?:是|为)[^。：:\n]{0,30}[:：]"
    r"|\s*(?:arXiv[:：]\S+\s+)?(?:公告类型|Announce Type)\s*[:：]\s*\S+)\s*",
    re.IGNORECASE,
)
_TEXT_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|tt|sc|rm|sf|sl|md|up|normal)?|emph|underline|uline|mbox|url|textsuperscript|textsubscript)\s*"
    r"\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_HREF = re.compile(r"\\href\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_FOOTNOTE = re.compile(r"\\footnote\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_ESCAPED = re.compile(r"\\([%&_#])")
# "\beta" and the like, written with a single backslash, are valid JSON escapes and arrive as control characters.
_EATEN = {"\b": "\\b", "\f": "\\f", "\t": "\\t"}
_EATEN_COMMAND = re.compile("[\b\f](?=[a-z])|\t(?=ext|imes|heta|au\\b|ilde|o\\b)")


def translation(reply: str, title: Masked, abstract: Masked) -> Translation:
    """The translation in a reply, checked against the masked source."""
    text = without_thoughts(reply)
    data = _find_object(text)
    if data is None:
        raise _refused(text) or _no_object(text)
    return Translation(
        title=_unwrap_title(_field(data, "title", "标题", title, abstract)),
        abstract=_field(data, "abstract", "摘要", abstract, title),
    )


def _find_object(text: str) -> dict[str, Any] | None:
    """The JSON object with both fields, wherever in the reply it stands."""
    best = None
    for candidate in _objects(text):
        if {"title", "abstract"} <= candidate.keys():
            return candidate
        if {"title", "abstract"} & candidate.keys():
            best = best or candidate
    return best


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder(strict=False)
    # Backslashes of LaTeX that are no JSON escapes are doubled on the second try.
    for attempt in (text, re.sub(r"\\(?![\"\\/bfnrtu])", r"\\\\", text)):
        for brace in re.finditer(r"\{", attempt):
            try:
                value, _ = decoder.raw_decode(attempt, brace.start())
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value


def _no_object(text: str) -> BadReply:
    if not text:
        return BadReply("empty", "回复为空")
    if re.search(r"\{\s*\"", text):
        return BadReply("half_json", "回复中的JSON对象不完整或格式有误，应输出一个完整的JSON对象")
    return BadReply("not_json", "回复不是JSON对象")


def _field(data: dict[str, Any], name: str, label: str, source: Masked, other: Masked) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise BadReply("missing_field", f"回复缺少{name}（{label}）")
    text = own_tokens(_plain(value), [*source.spans, *other.spans])
    if not text:
        raise BadReply("empty", f"{label}为空")
    if refusal := _refused(text):
        raise refusal
    _check_language(text, label, source)
    _check_tokens(text, label, source)
    return source.put_back(close_up(text))


def _plain(value: str) -> str:
    """A field without labels, text commands, Markdown and stray characters."""
    text = _clean(_EATEN_COMMAND.sub(lambda match: _EATEN[match[0]], value))
    text = re.sub(r"[ \t]*\n(?:[ \t]*\n)+[ \t]*", "\n\n", text)
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", text)
    text = _unwrap_commands(text)
    while label := _LABEL.match(text):
        text = text[label.end() :]
    return text.strip()


def _unwrap_commands(text: str) -> str:
    text = _FOOTNOTE.sub(r"（\1）", _HREF.sub(r"\2（\1）", text))
    while _TEXT_COMMAND.search(text):
        text = _TEXT_COMMAND.sub(r"\1", text)
    text = _BOLD.sub(r"\1", text)
    text = re.sub(r"``([^`']+)''", r"“\1”", text)
    return _ESCAPED.sub(r"\1", text)


def _unwrap_title(title: str) -> str:
    """Without the book marks that models put round a whole title."""
    inside = title[1:-1]
    return inside if title[:1] == "《" and title[-1:] == "》" and "《" not in inside else title


def _check_language(text: str, label: str, source: Masked) -> None:
    # A title may be nothing but a name; a sentence must be Chinese.
    words = re.findall(r"\b[A-Z]?[a-z]{2,}\b", source.text)
    short = len(words) < 3 if label == "标题" else not _LATIN_WORD.search(source.text)
    if not (_HAN.search(text) if label == "标题" else _is_chinese(text)) and not short:
        raise BadReply("not_chinese", f"{label}没有译成中文")


_FAULTS = {"missing": "缺少", "repeated": "重复", "unknown": "多出"}


def _check_tokens(text: str, label: str, source: Masked) -> None:
    faults = source.faults(text)
    if faults:
        named = "、".join(f"{_FAULTS[fault]}{token}" for token, fault in faults.items())
        raise BadReply("tokens", f"{label}中的记号应当各出现一次，现在{named}")


# --- readings --------------------------------------------------------------------------------------------------------

_DIGITS = {"1": 1, "2": 2, "3": 3, "１": 1, "２": 2, "３": 3, "一": 1, "二": 2, "三": 3}
_HEAD = re.compile(
    r"^ {0,1}(?:(?P<hashes>#{1,6})[ \t]*)?(?:\*\*|__)?[ \t]*"
    r"(?:第(?P<ordinal>[123１２３一二三])(?:部分|点)|[（(]?(?P<number>[123１２３一二三])(?P<mark>[)）.．、:：]|(?=\s|\*|$)))"
    r"(?P<rest>.*)$",
    re.MULTILINE,
)
_KEYWORDS = (r"背景|问题|动机|现状|不足", r"方法|框架|思路|方案", r"任务|效果|实验|结果|评测|性能")
_CLOSING = re.compile(
    r"\n+[ \t]*(?:希望(?:以上|这|本|对)[^\n]{0,60}|如(?:有|需)[^\n]{0,60}(?:请|随时)[^\n]{0,40}|以上(?:就)?是[^\n]{0,40})\Z"
)
_OPEN_END = re.compile(r"[，、；：,;:（(“《]\Z")
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>")
_URL = re.compile(r"(?:https?://|www\.)[\w\-./?=&%#~:+@!*',;()]*[\w/]", re.ASCII | re.IGNORECASE)
_NAMED = re.compile(r"[A-Za-z]-\Z")  # the 4 of GPT-4 is a part of a name
MOST_NAMED = 10


def reading(reply: str, full_text: str) -> Reading:
    """The reading in a reply, checked against the text it is about."""
    text = _clean(without_thoughts(reply))
    fence = _FENCE.match(text)
    text = tidy(_CLOSING.sub("", fence["inside"] if fence else text).strip())
    if not text:
        raise BadReply("empty", "回复为空")
    if refusal := _refused(text):
        raise refusal
    text, parts = _in_parts(text)
    if not _is_chinese(text):
        raise BadReply("not_chinese", "解读没有用中文书写")
    if _is_cut(text):
        raise BadReply("cut", "解读在句子中间断开，没有写完")
    return Reading(
        text,
        [
            *_long_parts(parts),
            *_markup(text),
            *_foreign_urls(text, full_text),
            *_foreign_numbers("\n".join(parts), full_text),
        ],
    )


def _is_cut(text: str) -> bool:
    """Whether a text ends in the middle of a sentence, or of an emphasis."""
    return bool(_OPEN_END.search(text)) or text.rpartition("\n")[2].count("**") % 2 == 1


def _in_parts(text: str) -> tuple[str, list[str]]:
    """The text from its first part on (an opening remark goes), and the bodies of the three parts."""
    heads = _heads(text)
    ends = [head.start() for head in heads[1:]] + [len(text)]
    parts = [text[head.start("rest") : end] for head, end in zip(heads, ends, strict=True)]
    for number, part in enumerate(parts, 1):
        if len(_HAN.findall(part)) < LEAST_PART:
            raise BadReply("parts", f"第{number}部分几乎没有内容，解读应有1)、2)、3)三个部分")
    start = heads[0].start()
    return (text[start:] if start < 200 else text), parts


def _heads(text: str) -> list[re.Match[str]]:
    """The three heading lines: by their subjects if they name them, else the first 1, 2, 3 in order."""
    found = [match for match in _HEAD.finditer(text) if match["ordinal"] or match["hashes"] or match["mark"]]
    heads = _in_order(found, _KEYWORDS) or _in_order(found, ("", "", ""))
    if len(heads) < 3:
        raise BadReply("parts", "解读应有1)、2)、3)三个部分")
    return heads


def _in_order(found: list[re.Match[str]], subjects: tuple[str, ...]) -> list[re.Match[str]]:
    heads: list[re.Match[str]] = []
    for match in found:
        number = _DIGITS[match["ordinal"] or match["number"]]
        if len(heads) < 3 and number == len(heads) + 1 and re.search(subjects[number - 1], match["rest"]):
            heads.append(match)
    return heads if len(heads) == 3 else []


def _long_parts(parts: list[str]) -> Iterator[str]:
    for number, (part, limit) in enumerate(zip(parts, PART_LIMITS, strict=True), 1):
        length = len(_HAN.findall(part)) + len(_LATIN_WORD.findall(part))
        if length > limit * TOLERANCE:
            yield f"第{number}部分约{length}字，超过{limit}字较多"


def _markup(text: str) -> Iterator[str]:
    if tag := _TAG.search(text):
        yield f"含有HTML标签{tag[0]}"
    if "![" in text:
        yield "含有图片"


def _foreign_urls(text: str, full_text: str) -> Iterator[str]:
    urls = dict.fromkeys(match[0] for match in _URL.finditer(text))
    # Line ends split addresses in a PDF's text.
    source = "".join(full_text.split()).lower() if urls else ""
    for url in urls:
        if re.sub(r"^https?://(?:www\.)?", "", url.lower()).rstrip("/") not in source:
            yield f"链接{url}在全文中没有"


def _foreign_numbers(text: str, full_text: str) -> Iterator[str]:
    """Numbers that the full text has in no spelling: 5% may be 0.05 there, 1.2万 12,000, 12.3 a rounded 12.34."""
    written = set(re.findall(r"\d+(?:\.\d+)?", full_text.replace(",", "")))
    left = [
        number
        for number in numbers_in(text)
        if not number.free
        and _digits(number) not in written
        and not _NAMED.search(text[: number.span[0]][-2:])
    ]
    if not left:
        return
    values = {
        value for number in numbers_in(full_text) for value in number.readings if isinstance(value, Decimal)
    }
    values |= in_english_words(full_text)
    unknown = dict.fromkeys(number.text for number in left if not _occurs(number, text, values))
    if unknown:
        yield f"全文中找不到的数字：{'、'.join(list(unknown)[:MOST_NAMED])}"


def _digits(number: Number) -> str:
    return re.sub(r"[,%]", "", number.text)


def _occurs(number: Number, text: str, values: set[Decimal]) -> bool:
    readings = {value for value in number.readings if isinstance(value, Decimal)}
    if not readings:
        return True  # a version such as 1.2.3 is a name
    if re.match(r"\s?[%％]", text[number.span[1] :]):
        readings |= {value / 100 for value in readings}
    readings |= {value * 100 for value in readings if value < 1}
    return any(value in values or _is_rounded(value, values) for value in readings)


def _is_rounded(value: Decimal, values: set[Decimal]) -> bool:
    step = Decimal(1).scaleb(int(value.as_tuple().exponent))
    return any(abs(other - value) < step and other.quantize(step, ROUND_HALF_UP) == value for other in values)
