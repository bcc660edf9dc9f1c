"""From a reply to a Chinese title and abstract, or to the reason why there is none."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from papers.llm.reply import without_thoughts
from papers.masking import Masked, close_up, own_tokens

from .common import HAN_SIGN, LATIN_WORD, BadReply, clean, is_chinese, refused

MOST_BRACES = 100  # an object that begins behind more of them is not looked for


@dataclass(frozen=True)
class Translation:
    title: str
    abstract: str


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
        raise refused(text) or _no_object(text)
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
        for brace in islice(re.finditer(r"\{", attempt), MOST_BRACES):
            try:
                value, _ = decoder.raw_decode(attempt, brace.start())
            except (ValueError, RecursionError):
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
    if refusal := refused(text):
        raise refusal
    _check_language(text, label, source)
    _check_tokens(text, label, source)
    return source.put_back(close_up(text))


def _plain(value: str) -> str:
    """A field without labels, text commands, Markdown and stray characters."""
    text = clean(_EATEN_COMMAND.sub(lambda match: _EATEN[match[0]], value))
    paragraphs = re.split(r"\n\s*\n", text)
    text = "\n\n".join(" ".join(line.strip() for line in paragraph.split("\n")) for paragraph in paragraphs)
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
    short = len(words) < 3 if label == "标题" else not LATIN_WORD.search(source.text)
    if not (HAN_SIGN.search(text) if label == "标题" else is_chinese(text)) and not short:
        raise BadReply("not_chinese", f"{label}没有译成中文")


_FAULTS = {"missing": "缺少", "repeated": "重复", "unknown": "多出"}


def _check_tokens(text: str, label: str, source: Masked) -> None:
    faults = source.faults(text)
    if faults:
        named = "、".join(f"{_FAULTS[fault]}{token}" for token, fault in faults.items())
        raise BadReply("tokens", f"{label}中的记号应当各出现一次，现在{named}")
