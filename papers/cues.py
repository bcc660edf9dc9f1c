"""Everyday words of English abstracts and what they become in Chinese: evidence that two texts speak of the same thing.

Not a term base: nothing is enforced. Written for this project (CC0).
Each line is `english stems | Chinese words`; a stem stands for every word that begins with it.
"""

import re
from collections.abc import Iterable

_TABLE = """
speech spoken utterance|语音 言语 口语 话语 发音
audio|音频 音讯 听觉
music|音乐 乐曲
sound|声音 声响 音效 声学 声景
acoustic|声学
noise nois denois|噪声 噪音 降噪 去噪 带噪
speaker|说话人 说话者 扬声器 发言人 讲者
voice vocal|语音 声音 嗓音 人声 音色
text textual|文本 文字
languag linguistic|语言
multilingual crosslingual cross-lingual|多语言 跨语言 多语种 跨语种
english|英语 英文
chinese mandarin|中文 汉语 普通话 华语
model|模型 建模
dataset corpus corpora|数据集 语料 数据库
data|数据
train pretrain|训练
learn|学习
supervis|监督
reinforcement|强化
recogni asr|识别
synthes tts|合成
generat|生成
convers|转换 对话 会话
translat|翻译 译
separat|分离
enhanc|增强 提升
detect|检测 探测 识别
deepfake spoof fake|伪造 欺骗 仿冒 虚假
emotion affect|情感 情绪
prosod|韵律
accent dialect|口音 方言
phone phonem phonet|音素 音位 语音
token|词元 标记 令牌 符号
codec|编解码
quantiz|量化
encod|编码
decod|解码
embed|嵌入 向量
representation|表征 表示
latent|潜在 隐 潜
spectr mel-spectr|谱
frequen|频率 频域 频
waveform|波形
diffusion|扩散
flow|流
transformer attention|注意力 变换器 Transformer
convolution|卷积
network neural|网络 神经
layer|层
architect|架构 结构
framework|框架
method approach|方法 方案
algorithm|算法
propos introduc present|提出 引入 介绍 呈现 推出
paper work study|本文 本研究 论文 本工作 研究
however but although while|然而 但 尽管 虽然 而
therefore thus|因此 从而 故
moreover furthermore additional also|此外 另外 同时 还 并
first|首 第一 首次
second|第二 其次 秒
final|最后 最终
specific|具体 特定 专门
recent|近期 近年 最近 最新
exist previous prior|现有 已有 既有 以往 此前 先前
address tackle solve overcome|解决 应对 克服 为此
challeng difficult|挑战 困难 难题
limit|局限 限制 有限 受限
experiment|实验
result|结果
show demonstrat reveal indicat|表明 显示 证明 揭示 展示
evaluat assess|评估 评测 评价
benchmark|基准 评测
baseline|基线
metric|指标 度量
perform|性能 表现 效果
improv|提升 改进 改善 提高
outperform surpass|优于 超越 超过
state-of-the-art sota|最先进 最优 领先 SOTA
robust|鲁棒 稳健
accura|准确 精度 精确
error|错误 误差
latenc real-time streaming|延迟 实时 流式
efficien|效率 高效
comput|计算
cost|成本 代价 开销
quality|质量 品质 音质
human|人类 人工 人
user listener|用户 听者 听众
subjectiv perceptual|主观 感知
code github|代码 源码
available release public open-source|公开 开源 发布 可用 获取 提供
demo sample page|演示 样例 样本 示例 页面
task|任务
system|系统
multimodal|多模态
video visual|视频 视觉 视听
image|图像 影像
zero-shot|零样本
few-shot low-resource|少样本 低资源
prompt|提示
reason|推理
agent|智能体 代理
dialog|对话
question answer|问题 问答 回答 答案
instruct|指令 指导
control|控制 可控
edit|编辑
style|风格
singing song|歌唱 歌声 歌曲
instrument|乐器
speed|速度
signal|信号
microphone array|麦克风 阵列
room reverberat|混响 房间
spatial|空间 方位
tempor time|时间 时序 时域 时
domain|领域 域
general|泛化 通用 一般
feature|特征
classif|分类
cluster|聚类
segment|分段 片段 分割 段
align|对齐
fus|融合
fine-tun finetun|微调
parameter|参数
loss|损失
optimi|优化
sampl|采样 样本
distribut|分布
probab|概率
theor|理论
bias fair|偏差 偏见 公平
privacy|隐私
secur attack adversar|安全 攻击 对抗
clinic medical patient disease|临床 医疗 医学 患者 疾病
child|儿童
brain|大脑 脑
animal bird|动物 鸟
environment|环境
event|事件
caption|描述 字幕
retriev|检索
transcri|转录 转写
word|词
character|字符 角色 特征
long|长
short|短
large|大
small lightweight|小 轻量
memory|内存 记忆
hour|小时
year|年
people|人
"""


def _compile() -> tuple[re.Pattern[str], dict[str, int], re.Pattern[str], dict[str, frozenset[int]]]:
    stems: dict[str, int] = {}
    words: dict[str, set[int]] = {}
    for number, line in enumerate(_TABLE.strip().splitlines()):
        english, chinese = line.split("|")
        stems.update((stem, number) for stem in english.split())
        for word in chinese.split():
            words.setdefault(word, set()).add(number)
    return (
        re.compile(rf"(?<![a-z])(?:{_alternatives(stems)})"),
        stems,
        re.compile(_alternatives(words)),
        {word: frozenset(numbers) for word, numbers in words.items()},
    )


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_ENGLISH, _STEMS, _CHINESE, _WORDS = _compile()


def in_english(text: str) -> frozenset[int]:
    """Numbers of the table's lines that an English text speaks of."""
    return frozenset(_STEMS[stem] for stem in _ENGLISH.findall(text.lower()))


def in_chinese(text: str) -> frozenset[int]:
    """Numbers of the table's lines that a Chinese text may be speaking of (a word can stand in several)."""
    return frozenset(number for word in _CHINESE.findall(text) for number in _WORDS[word])
