"""Sentences that are written for a model rather than for a reader: planted in a paper, or left in a text."""

import re
from string import ascii_uppercase

from papers.fidelity.findings import Span

_ASCII_LOWER = {ord(sign): sign.lower() for sign in ascii_uppercase}
_ORDER = re.compile(
    r"\b(?:"
    r"(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}?(?:previous|prior|above|earlier|preceding)\s+(?:\w+\s+)?"
    r"(?:instructions?|prompts?|rules|directions?|requests?|guidelines)"
    r"|as an?\s+(?:large\s+|ai\s+)?language\s+model(?=\s*,|\s+(?:you|i|reading|reviewing|assistant)\b)"
    r"|(?:if\s+you\s+are|attention|note\s+to|to)\s+(?:an?\s+|any\s+|the\s+|all\s+)?(?:llm|ai|language[ -]model)s?"
    r"\s+(?:reviewers?|readers?|assistants?|agents?)\b"
    r"|(?:give|write|provide|return|generate|output)\s+(?:only\s+)?(?:an?\s+)?(?:positive|favou?rable)\s+(?:review|rating|score|summary)"
    r"|(?:do\s+not|don't|never)\s+(?:mention|highlight|report|reveal)\s+(?:any\s+)?(?:negatives?|weakness(?:es)?|limitations?"
    r"|(?:these|this|the)\s+instructions?|(?:your|the)\s+system\s+prompt)"
    r"|(?:recommend|must)\s+(?:strong\s+)?accept(?:ance|ing)?\s+(?:of\s+)?this\s+(?:paper|manuscript|submission)"
    r"|you\s+are\s+now\s+(?:an?\s+|in\s+)\w+"
    r")"
)
_CHINESE = re.compile(
    r"(?:忽略|无视|忘记|忽视)(?:掉|你)?(?:之前|以上|上述|前面|先前|此前)的?(?:所有|全部|一切)?的?(?:指令|指示|要求|提示|命令|内容|规则)"
    r"|作为(?:一个|一名)?(?:ai|人工智能)?(?:大?语言模型|助手)[，,](?:你|请)"
    r"|(?:请|务必|必须)(?:只)?(?:给出|输出|写出)(?:正面|积极|好)的?(?:评价|评审|评语|好评)"
)


def orders(text: str) -> list[Span]:
    """Spans that read like orders to a model. A hint for the editor: papers about models quote such sentences too."""
    # Many times faster than re.IGNORECASE, and a paper has 40,000 characters.
    lowered = text.lower()
    if len(lowered) != len(text):  # İ becomes two characters
        lowered = text.translate(_ASCII_LOWER)
    return sorted(match.span() for pattern in (_ORDER, _CHINESE) for match in pattern.finditer(lowered))
