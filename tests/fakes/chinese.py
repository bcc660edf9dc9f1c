"""Chinese by rule, for a model that is not there: nonsense to a person, faithful to a check.

Every mask, number, name and formula of the English stays, sentence by sentence; the other words become Chinese ones,
always the same for the same word.
"""

import re
import zlib
from collections.abc import Sequence
from decimal import Decimal

MASK = r"⟦M\d+⟧"
NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
UNITS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
PIECE = re.compile(
    rf"(?P<mask>{MASK})"
    rf"|(?P<scaled>{NUMBER})\s+(?P<unit>{'|'.join(UNITS)})\b"
    rf"|(?P<percent>{NUMBER})\s?(?:%|percent\b)"
    r"|(?P<name>[A-Za-z]*\d[\w.,@/+-]*\w|\d+|[A-Za-z][\w@/+-]*[A-Z][\w@/+-]*|[A-Z](?!\w))(?:'s)?"
    r"|(?P<word>[A-Za-z]+)(?:['’]s)?"
    r"|(?P<mark>[^\sA-Za-z0-9])"
)
SENTENCE_END = re.compile(
    r"(?<!e\.g)(?<!i\.e)(?<! al)(?<! vs)(?<!Fig)(?<! cf)(?<= ..)([.?!])[\"'”)]*\s+(?=[A-Z⟦\d\"“])"
)
MARKS = {",": "，", ";": "；", ":": "：", "(": "（", ")": "）", "—": "——", ".": "", "?": "？", "!": "！"}
SILENT = frozenset("'\"`’‘“”-*")

DROPPED = frozenset(
    re.findall(
        r"\w+", "a an the of to that which is are was were be been being it its as at by do does has have had"
    )
)
WORDS = dict(
    re.findall(
        r"(\w+)=(\w+)",
        """
    we=我们 our=我们的 this=本 paper=论文 these=这些 those=那些 such=此类 their=其 they=它们 and=和 or=或 but=但 with=结合 without=无需
    for=用于 from=来自 in=在 on=在 into=进入 between=之间 across=跨越 over=优于 than=相比 under=在 via=通过 using=利用 through=通过
    not=不 no=无 both=两者 each=每个 all=所有 more=更多 most=大多数 can=能够 may=可能 will=将 while=同时 however=然而 when=当 where=其中
    model=模型 models=模型 method=方法 methods=方法 approach=方法 framework=框架 data=数据 dataset=数据集 datasets=数据集 training=训练
    speech=语音 audio=音频 language=语言 recognition=识别 synthesis=合成 text=文本 speaker=说话人 voice=语音 music=音乐 sound=声音
    propose=提出 present=提出 introduce=引入 show=表明 demonstrate=证明 results=结果 experiments=实验 performance=性能 task=任务
    tasks=任务 benchmark=基准 baseline=基线 baselines=基线 quality=质量 evaluation=评估 system=系统 systems=系统 network=网络
    neural=神经 deep=深度 learning=学习 large=大型 small=小型 novel=新颖 new=新 existing=现有 recent=近期 high=高 low=低 improves=改进
    improve=改进 achieves=达到 achieve=达到 outperforms=优于 state=水平 art=先进 error=错误 rate=率 accuracy=准确率 representation=表征
    representations=表征 features=特征 feature=特征 time=时间 real=真实 two=两个 three=三个 four=四个 five=五个 one=一个 first=首先
    code=代码 available=可用 only=仅 also=还 based=基于 human=人类 noise=噪声 signal=信号 information=信息 analysis=分析 further=进一步
        """,
    )
)
POOL = re.findall(
    r"\w+",
    "结构 机制 策略 过程 条件 目标 单元 模块 阶段 环境 场景 样本 参数 信号 序列 特性 关系 方向 层次 范围 空间 分布 指标 因素 "
    "差异 规律 依据 形式 步骤 组件 途径 来源 作用 程度 类型 需求 原理 趋势 背景 对象 能力 资源 标准 领域 情形 思路 部分 角度",
)


def sentences(text: str) -> list[str]:
    """The English sentences of a text, each with its final mark."""
    return [part for part in SENTENCE_END.sub(r"\1\n", " ".join(text.split())).split("\n") if part]


def translate(text: str, terms: Sequence[tuple[str, str]] = ()) -> str:
    """One Chinese sentence for each English one."""
    names = set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", text))
    return "".join(_sentence(sentence, names, dict(terms)) for sentence in sentences(text))


def translate_title(title: str, terms: Sequence[tuple[str, str]] = ()) -> str:
    return _join(_pieces(title, frozenset(), dict(terms))) or "无题"


def reading(text: str) -> str:
    """A reading in three parts that quotes nothing but numbers and names of the text."""
    numbers = list(dict.fromkeys(re.findall(r"(?<![\w.,-])\d+\.\d+(?![\w.])", text)))[:3]
    names = list(dict.fromkeys(re.findall(r"\b[A-Z][A-Za-z]*[A-Z][A-Za-z]*\b", text)))[:6]
    named = f"，涉及{'、'.join(names)}" if names else ""
    found = f"，文中报告的数值包括{'、'.join(numbers)}" if numbers else ""
    return (
        f"1) **研究背景与既有方法的问题**\n\n论文讨论的问题在实际系统中很常见{named}。既有方法依赖大量标注数据，"
        "在噪声和领域变化下不够稳健，也缺少统一的评估。\n\n"
        "2) **核心方法**\n\n作者先对输入作统一的表征，再用分阶段的训练把各模块结合起来：\n\n"
        "- 第一阶段学习通用特征，使模型适应不同来源的数据；\n- 第二阶段针对目标任务微调，并约束输出与参考保持一致；\n"
        "- 推理时只保留必要的模块，以减少计算。\n\n"
        f"3) **任务与效果**\n\n论文在公开数据上与基线作了比较{found}。消融实验说明各模块都有贡献，作者也讨论了方法的局限。"
    )


def _sentence(sentence: str, names: set[str], terms: dict[str, str]) -> str:
    body = _join(_pieces(sentence.rstrip(".?!"), names, terms))
    return body + ("？" if sentence.endswith("?") else "。") if body else ""


def _pieces(text: str, names: set[str] | frozenset[str], terms: dict[str, str]) -> list[str]:
    pieces: list[str] = []
    known = {english.lower(): chinese for english, chinese in terms.items()}
    pattern = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    parts = re.split(rf"(?<![\w-])({pattern})(?![\w-])", text, flags=re.IGNORECASE) if known else [text]
    for index, part in enumerate(parts):
        if index % 2:
            pieces.append(known[part.lower()])
        else:
            pieces += [_piece(match, names) for match in PIECE.finditer(part)]
    return [piece for piece in pieces if piece]


def _piece(match: re.Match[str], names: set[str] | frozenset[str]) -> str:
    if match["scaled"]:
        return _scaled(Decimal(match["scaled"].replace(",", "")) * UNITS[match["unit"]])
    if match["percent"]:
        return match["percent"] + "%"
    if match["mark"]:
        mark = match["mark"]
        return "" if mark in SILENT else MARKS.get(mark, mark)
    return match["mask"] or match["name"] or _word(match["word"], names)


def _word(word: str, names: set[str] | frozenset[str]) -> str:
    if word in names:
        return word
    word = word.lower()
    if word in DROPPED:
        return ""
    if word in WORDS:
        return WORDS[word]
    number = zlib.crc32(word.encode())
    chinese = POOL[number % len(POOL)]
    return chinese + POOL[number // 64 % len(POOL)] if len(word) > 9 else chinese


def _scaled(value: Decimal) -> str:
    unit, name = (10**8, "亿") if value >= 10**8 else (10**4, "万")
    return f"{(value / unit).normalize():f}{name}" if value >= 10**4 else f"{value.normalize():f}"


def _join(pieces: Sequence[str]) -> str:
    text = ""
    for piece in pieces:
        if text and re.match(r"[A-Za-z0-9⟦]", piece) and re.search(r"[A-Za-z0-9%⟧]$", text):
            text += " "
        text += piece
    return re.sub(r"[，；：、]+(?=[，；：）])|^[，；：]+", "", text)
