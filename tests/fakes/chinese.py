"""Chinese by rule, for a model that is not there: nonsense to a person, faithful to a check.

Every mask, number, name and formula of the English stays, sentence by sentence; the other words become Chinese ones,
always the same for the same word.
"""

import re
import zlib
from collections.abc import Sequence
from decimal import Decimal

MASK = r"⟦M\d+⟧"
NUMBER = r"(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
UNITS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
PIECE = re.compile(
    rf"(?P<mask>{MASK})"
    rf"|(?P<scaled>{NUMBER})\s+(?P<unit>{'|'.join(UNITS)})\b"
    rf"|(?P<percent>{NUMBER})\s?(?:%|percent\b)"
    r"|(?P<name>(?:[A-Za-z-]*|(?<![\w])\.)\d[\w.,@/+-]*\w|\d+|[A-Za-z][\w@/+-]*[A-Z][\w@/+-]*|[A-Z](?!\w))(?:'s)?"
    r"|(?P<word>[A-Za-z]+)(?:['’]s)?"
    r"|(?P<mark>[^\sA-Za-z0-9])"
)
SENTENCE_END = re.compile(r"[.?!][\"'”)]*\s+(?=[A-Z⟦\d\"“(])")
MARKS = {",": "，", ";": "；", ":": "：", "(": "（", ")": "）", "—": "——", ".": "", "?": "？", "!": "！"}
SILENT = frozenset("'\"`’‘“”-*")

DROPPED = frozenset(
    re.findall(
        r"\w+",
        "a an the of to that which is are was were be been being it its as at by do does has have had there",
    )
)
# Whole words, and stems (with *) that stand for every word that begins with them; the longest one wins.
LEXICON = dict(
    re.findall(
        r"([\w*]+)=(\w+)",
        """
        we=我们 our=我们的 this=本 these=这些 those=那些 such=此类 their=其 they=它们 and=和 or=或 but=但 with=结合 without=无需
        for=用于 from=来自 in=在 on=在 into=进入 between=之间 across=跨越 over=优于 than=相比 under=在 via=通过 using=利用 through=通过
        not=不 no=无 both=两者 each=每个 all=所有 more=更多 most=大多数 can=能够 may=可能 will=将 while=同时 however=然而 when=当
        where=其中 only=仅 also=还 two=两个 three=三个 four=四个 five=五个 six=六个 seven=七个 eight=八个 nine=九个 ten=十个 one=一个
        first=首先 second=其次 third=第三 final*=最后 although=虽然 though=虽然 therefore=因此 thus=因此 hence=因此 moreover=此外
        furthermore=此外 addition*=此外 further=进一步 like=如同 who=谁 how=如何 what=什么 why=为何 if=如果 because=因为 since=由于
        up=达到 per=每 same=相同 other=其他 any=任何 many=许多 several=若干 new=新 novel=新颖 high*=高 low*=低 long*=长 short*=短
        large*=大型 small*=小型 lightweight=轻量 good=良好 better=更好 best=最佳 well=良好 state=水平 art=最先进 real=真实 open=开放
        paper*=论文 work*=工作 stud*=研究 propos*=提出 introduc*=引入 present*=提出 show*=表明 demonstrat*=证明 reveal*=揭示 indicat*=表明
        model*=模型 method*=方法 approach*=方法 framework*=框架 algorithm*=算法 system*=系统 network*=网络 neural=神经 architect*=架构
        deep=深度 learn*=学习 train*=训练 pretrain*=预训练 fine=微 tun*=调 supervis*=监督 reinforc*=强化 transformer*=注意力模型 attention*=注意力
        data=数据 dataset*=数据集 corpus=语料 corpora=语料 benchmark*=基准 baseline*=基线 metric*=指标 evaluat*=评估 assess*=评估
        experiment*=实验 result*=结果 perform*=性能 improv*=改进 outperform*=优于 surpass*=超过 achiev*=达到 reach*=达到 reduc*=降低
        increas*=增加 accura*=准确率 error*=错误 rate*=率 robust*=鲁棒 efficien*=高效 quality=质量 latenc*=延迟 stream*=流式 speed*=速度
        cost*=成本 comput*=计算 memor*=内存 parameter*=参数 loss*=损失 optimi*=优化 sampl*=采样 distribut*=分布 probab*=概率 theor*=理论
        speech=语音 spoken=口语 utterance*=话语 audio*=音频 music*=音乐 sound*=声音 acoustic*=声学 nois*=噪声 denois*=降噪 speaker*=说话人
        voice*=语音 vocal*=人声 singing=歌唱 song*=歌曲 instrument*=乐器 text*=文本 languag*=语言 linguistic*=语言学 multilingual=多语言 english=英语
        chinese=中文 mandarin=普通话 recogni*=识别 synthes*=合成 generat*=生成 convers*=对话 translat*=翻译 separat*=分离 enhanc*=增强 detect*=检测
        deepfake*=深度伪造 spoof*=欺骗 fake*=伪造 emotion*=情感 affect*=情感 prosod*=韵律 accent*=口音 dialect*=方言 phone*=音素 token*=词元
        codec*=编解码器 quantiz*=量化 encod*=编码 decod*=解码 embed*=嵌入 represent*=表征 latent*=潜在 spectr*=频谱 frequen*=频率 waveform*=波形
        diffusion*=扩散 flow*=流 convolution*=卷积 layer*=层 multimodal*=多模态 video*=视频 visual*=视觉 image*=图像 prompt*=提示 reason*=推理
        agent*=智能体 dialog*=对话 question*=问题 answer*=回答 instruct*=指令 control*=控制 edit*=编辑 style*=风格 signal*=信号 microphone*=麦克风
        array*=阵列 room*=房间 reverberat*=混响 spatial*=空间 tempor*=时序 time*=时间 domain*=领域 general*=泛化 feature*=特征 classif*=分类
        cluster*=聚类 segment*=分段 align*=对齐 fus*=融合 bias*=偏差 fair*=公平 privacy=隐私 secur*=安全 attack*=攻击 adversar*=对抗 clinic*=临床
        medical=医疗 patient*=患者 disease*=疾病 child*=儿童 brain*=大脑 animal*=动物 bird*=鸟类 environment*=环境 event*=事件 caption*=字幕
        retriev*=检索 transcri*=转写 word*=词 character*=字符 hour*=小时 year*=年 people=人们 human*=人类 user*=用户 listener*=听者 subjectiv*=主观
        perceptual*=感知 code=代码 github=代码 available=公开 release*=发布 public*=公开 demo*=演示 page*=页面 task*=任务 exist*=现有 previous*=先前
        prior=先前 recent*=近期 address*=应对 tackl*=应对 solv*=解决 overcom*=克服 challeng*=挑战 difficult*=困难 limit*=局限 specific*=具体 analy*=分析
        inform*=信息 based=基于 significan*=显著 effectiv*=有效 extensive*=大量 approximat*=约 percent=百分比 zero=零 shot=样本 few=少 resource*=资源
        robot*=机器人 vision=视觉 object*=物体 scene*=场景 polic*=策略 plan*=规划 action*=动作 knowledge=知识 graph*=图 struct*=结构 semantic*=语义
        context*=上下文 safe*=安全 scal*=规模 inference=推理 predict*=预测 estimat*=估计 measur*=测量 test*=测试 valid*=验证 train=训练
        """,
    )
)
POOL = re.findall(
    r"\w+",
    "情形 过程 条件 来源 步骤 依据 趋势 背景 对象 原理 规律 途径 部分 角度 思路 因素 程度 关系 机制 情况 事项 状态 性质 要点",
)
NEVER_LAST = re.compile(r"(?:\b(?:e\.g|i\.e|al|vs|cf|etc|Fig|Eq|Sec|Tab|approx|resp|w\.r\.t|[A-Z]))\.$")


def sentences(text: str) -> list[str]:
    """The English sentences of a text, each with its final mark."""
    found, start = [], 0
    text = " ".join(text.split())
    for match in SENTENCE_END.finditer(text):
        if not NEVER_LAST.search(text[: match.start() + 1]):
            found.append(text[start : match.end()].strip())
            start = match.end()
    return [sentence for sentence in [*found, text[start:].strip()] if sentence]


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
    if word in LEXICON:
        return LEXICON[word]
    stems = (word[:length] + "*" for length in range(len(word), 2, -1))
    known = next((LEXICON[stem] for stem in stems if stem in LEXICON), "")
    return known or POOL[zlib.crc32(word.encode()) % len(POOL)]


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
