"""Checks of the Chinese text's surface: labels before it, TeX and Markdown left in it, half-width punctuation."""

import re
from collections.abc import Iterator

from papers.fidelity.findings import Finding, Fix, Span, Zones
from papers.fidelity.formulae import formulae
from papers.fidelity.names import URL
from papers.sentences import HAN

# --- labels and refusals: at the start only; anywhere else the same words are the paper's own -------------

_LABEL = re.compile(
    r"\s*(?:"
    r"(?:arXiv\s*[:：]\s*[\w./-]+\s*)?(?:公告类型|发布类型|公布类型|宣布类型|Announce(?:ment)? Type)\s*[:：]\s*[\w（）()\-－]{1,16}?\s*(?=[,，;；。\s]|摘要|Abstract)"
    r"|arXiv\s*[:：]\s*\d{4}\.\d{4,5}(?:v\d+)?\s*[,，;；。]?"
    r"|[#*＊\s]*(?:中文)?(?:论文)?(?:摘要|译文|翻译|标题|译文如下|翻译如下|摘要翻译|翻译结果|中文翻译|Abstract|Summary|Translation|Title)[*＊]*\s*[:：][*＊]*"
    r"|[【\[［](?:中文)?(?:摘要|译文|翻译)[】\]］]\s*[:：]?"
    r"|(?:好的|当然|当然可以|没问题)[，,。！!]?\s*(?=以下是|这是|下面是)"
    r"|(?:以下是|这是|下面是|以下为)[^。\n：:]{0,40}(?:译文|翻译|摘要|版本|结果)[^。\n：:]{0,16}[:：]"
    r"|(?:Sure|Certainly|Of course|Here is|Here's)[^。\n：:]{0,80}[:：]"
    r")[,，;；。\s]*",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\s*(?:(?:非常|很|十分)?抱歉|对不起|很遗憾|作为(?:一个|一名)?(?:AI|人工智能|语言模型|大语言模型)|我(?:无法|不能|没有办法)"
    r"|(?:您好|你好)[，,！!]|根据(?:相关|有关)法律|(?:I'm|I am) (?:sorry|unable)|I (?:cannot|can't)|Sorry[,，])",
    re.IGNORECASE,
)
_MAX_LABELS = 6


def check_label(source: str, target: str) -> Iterator[Finding]:
    """A label of the feed or of the model before the text; stripping it is safe. A refusal has no fix."""
    end = _labels_end(target)
    if end:
        shown = " ".join(target[:end].split())
        yield Finding(
            "label",
            "block",
            f"译文开头混入了标签“{shown}”",
            target_span=(0, end),
            fix=Fix(0, end, ""),
            automatic=True,
        )
    refusal = _REFUSAL.match(target, end)
    if refusal:
        yield Finding("refusal", "block", "译文像是模型的推辞或客套话", target_span=refusal.span())


def _labels_end(target: str) -> int:
    end = 0
    for _ in range(_MAX_LABELS):
        match = _LABEL.match(target, end)
        if match is None:
            break
        end = match.end()
    return end


# --- TeX text commands and Markdown ---------------------------------------------------------------------------

_STYLE = r"\\(?:text(?:it|bf|rm|tt|sc|sf|sl|normal|up)?|emph|underline|uline|mbox|hbox|url|href|texttt|small|enquote)\*?\s*\{"
_DELETED = r"\\(?:cite[a-z]*|footnote(?:mark|text)?|label|ref|eqref|autoref|vspace|hspace|thanks)\*?\s*(?:\[[^\]\n]{0,40}\])?\s*\{"
_STYLE_OPEN = re.compile(_STYLE)
_DELETED_OPEN = re.compile(_DELETED)
_STARS = re.compile(r"\*\*(?=\S)([^*\n]{1,200}?)(?<=\S)\*\*")
_HEADING = re.compile(r"(?m)^#{1,6}\s+")


def check_markup(source: str, target: str) -> Iterator[Finding]:
    """Text commands of TeX, and bold type or headings that the source does not have."""
    spans = [(span, "") for span in _pieces(target, _DELETED_OPEN, whole=True)]
    spans += [(span, "") for span in _pieces(target, _STYLE_OPEN, whole=False)]
    if "**" not in source:
        spans += [(span, "") for match in _STARS.finditer(target) for span in _both_ends(match)]
    spans += [(match.span(), "") for match in _HEADING.finditer(target)]
    hidden = Zones(formulae(target))
    for (start, end), replacement in spans:
        if start not in hidden:
            shown = target[start : min(end, start + 24)]
            yield Finding(
                "markup",
                "autofix",
                f"多余的排版标记“{shown}”",
                target_span=(start, end),
                fix=Fix(start, end, replacement),
                automatic=True,
            )


def _both_ends(match: re.Match[str]) -> tuple[Span, Span]:
    return (match.start(), match.start() + 2), (match.end() - 2, match.end())


def _pieces(text: str, pattern: re.Pattern[str], *, whole: bool) -> Iterator[Span]:
    """What to delete: the whole command with its argument, or only the command and its closing brace."""
    closing = None
    for match in pattern.finditer(text):
        closing = _closing_braces(text) if closing is None else closing
        end = closing.get(match.end() - 1)
        if whole:
            yield match.start(), end + 1 if end is not None else match.end()
        else:
            yield match.span()
            if end is not None:
                yield end, end + 1


def _closing_braces(text: str) -> dict[int, int]:
    pairs, open_ = {}, []
    for at, sign in enumerate(text):
        if sign == "{":
            open_.append(at)
        elif sign == "}" and open_:
            pairs[open_.pop()] = at
    return pairs


# --- half-width punctuation next to Chinese ----------------------------------------------------------------------

_WIDE = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", ".": "。"}
_HALF = re.compile(
    rf"(?<=[{HAN}”’》）])[ ]?[,;:?!](?![\d/]|[,;:?!])[ ]*"
    rf"|(?<=[A-Za-z0-9%)])[,;?!:][ ]*(?=[{HAN}“‘《（])"
    rf"|(?<=[{HAN}”》）])\.(?=\s*$|\s*[{HAN}])[ ]*"
)
_BRACKETS = re.compile(r"\(([^()\n]{1,160})\)")
_HAN = re.compile(f"[{HAN}]")


def check_punctuation(source: str, target: str) -> Iterator[Finding]:
    """Half-width punctuation that touches a Han character. Formulae, addresses and links keep theirs."""
    hidden = Zones([*formulae(target), *(match.span() for match in URL.finditer(target))])
    for match in _HALF.finditer(target):
        sign = match[0].strip()
        if match.start() not in hidden:
            yield _wide(match.span(), sign, _WIDE[sign])
    for match in _BRACKETS.finditer(target):
        if _is_chinese_bracket(target, match) and match.start() not in hidden:
            yield _wide((match.start(), match.start() + 1), "(", "（")
            yield _wide((match.end() - 1, match.end()), ")", "）")


def _is_chinese_bracket(text: str, match: re.Match[str]) -> bool:
    """After a Han character, or with one inside; never the address of a Markdown link."""
    before = text[match.start() - 1 : match.start()]
    return before != "]" and bool(_HAN.match(before) or _HAN.search(match[1]))


def _wide(span: Span, sign: str, replacement: str) -> Finding:
    return Finding(
        "punctuation",
        "autofix",
        f"汉字旁的半角“{sign}”应为“{replacement}”",
        target_span=span,
        fix=Fix(*span, replacement),
        automatic=True,
    )
