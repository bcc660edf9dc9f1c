"""From a reply to a reading in three parts, or to the reason why it is none."""

import re

from papers.fidelity.parts import parts
from papers.llm.reply import without_thoughts
from papers.masking import tidy

from .common import BadReply, clean, is_chinese, refused

LONGEST_OPENING = 200  # characters before the first part that are a courtesy of the model's

_FENCE = re.compile(r"\A\s*```[\w-]*[ \t]*\n(?P<inside>.*?)\n?[ \t]*```\s*\Z", re.DOTALL)
_CLOSING = re.compile(
    r"(?<!\n)\n+[ \t]*(?:希望(?:以上|这|本|对)[^\n]{0,60}|如(?:有|需)[^\n]{0,60}(?:请|随时)[^\n]{0,40}|以上(?:就)?是[^\n]{0,40})\Z"
)
_OPEN_END = re.compile(r"[，、；：,;:（(“《]\Z")


def reading(reply: str) -> str:
    """The Markdown of a reading; what it says is for `fidelity.check_reading`.

    :raises BadReply: it is no reading in three parts, in Chinese, to its end.
    """
    text = clean(without_thoughts(reply))
    fence = _FENCE.match(text)
    text = tidy(_CLOSING.sub("", fence["inside"] if fence else text).strip())
    if not text:
        raise BadReply("empty", "回复为空")
    if refusal := refused(text):
        raise refusal
    text = _in_three_parts(text)
    if not is_chinese(text):
        raise BadReply("not_chinese", "解读没有用中文书写")
    if _is_cut(text):
        raise BadReply("cut", "解读在句子中间断开，没有写完")
    return text


def _in_three_parts(text: str) -> str:
    """The text from its first part on: an opening remark goes."""
    found = parts(text)
    if len(found) < 3:
        raise BadReply("parts", "解读应有1)、2)、3)三个部分")
    for number, part in enumerate(found, 1):
        if part.is_empty:
            raise BadReply("parts", f"第{number}部分几乎没有内容，解读应有1)、2)、3)三个部分")
    start = found[0].span[0]
    return text[start:] if start < LONGEST_OPENING else text


def _is_cut(text: str) -> bool:
    """Whether a text ends in the middle of a sentence, or of an emphasis."""
    return bool(_OPEN_END.search(text)) or text.rpartition("\n")[2].count("**") % 2 == 1
