"""What every kind of reply can get wrong: refused, empty, not in Chinese, full of stray characters."""

import re

from papers.masking import HAN


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


HAN_SIGN = re.compile(f"[{HAN}]")
LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")
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


def clean(text: str) -> str:
    """Without control characters, lone surrogates and marks that turn the direction of writing."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n")).strip()


def refused(text: str) -> BadReply | None:
    return BadReply("refused", f"模型没有给出正文，只回答：{text[:80]}") if _REFUSAL.match(text) else None


def is_chinese(text: str) -> bool:
    return len(HAN_SIGN.findall(text)) > len(LATIN_WORD.findall(text))
