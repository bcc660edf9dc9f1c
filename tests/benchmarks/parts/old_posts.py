"""140 posts of the old site: the real ones that are at hand, and invented ones of their size for the others."""

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

from posts import jekyll

SEEDS = Path(__file__).resolve().parents[4] / "shared" / "data" / "seed-posts"
DAYS, PAPERS = 140, 1506
WORDS = [
    "speech",
    "audio",
    "voice",
    "neural",
    "codec",
    "streaming",
    "robust",
    "latent",
    "diffusion",
    "alignment",
    "tokens",
    "model",
]
HAN = "语音模型音频识别合成方法数据训练结果表明提出我们在实验中降低错误率并提升自然度与鲁棒性的编码器解码流式"
CATEGORIES = ["cs.SD", "eess.AS", "cs.CL", "cs.LG", "cs.AI", "cs.MM"]


def write_posts(folder: Path) -> int:
    """140 posts with 1,506 papers on weekdays; how many of them are real."""
    folder.mkdir(parents=True)
    real = {path.name[:10]: path for path in SEEDS.glob("*-arxiv.md")}
    for path in real.values():
        (folder / path.name).write_bytes(path.read_bytes())
    papers = PAPERS - sum(path.read_text("utf-8").count("\n- **Authors**:") for path in real.values())
    dates = [date for date in _weekdays(dt.date(2025, 10, 16), DAYS + len(real)) if f"{date:%F}" not in real]
    missing = DAYS - len(real)
    for at, date in enumerate(dates[:missing]):
        number = papers // missing + (at < papers % missing)
        (folder / f"{date:%F}-arxiv.md").write_text(jekyll.write(_post(date, number)), encoding="utf-8")
    return len(real)


def _weekdays(date: dt.date, number: int) -> Iterator[dt.date]:
    """Tuesdays to Fridays: the old site never had a Monday."""
    while number:
        if date.weekday() in (1, 2, 3, 4):
            yield date
            number -= 1
        date += dt.timedelta(days=1)


def _post(date: dt.date, number: int) -> jekyll.OldPost:
    chance = random.Random(date.toordinal())
    end = dt.datetime.combine(date, dt.time(8, 50))
    # Above all numbers that arXiv has given out in a month.
    ids = [f"{date:%y%m}.{90_000 + date.day * 100 + at}" for at in range(number)]
    return jekyll.OldPost(
        date=date,
        start=end - dt.timedelta(days=1),
        end=end,
        fetched=number,
        tags=("arxiv", "cs.SD", "eess.AS"),
        entries=tuple(_entry(arxiv_id, chance) for arxiv_id in reversed(ids)),
    )


def _entry(arxiv_id: str, chance: random.Random) -> jekyll.OldEntry:
    failed = chance.random() < 0.03
    return jekyll.OldEntry(
        arxiv_id=arxiv_id,
        version=1,
        title=" ".join(chance.choices(WORDS, k=9)).capitalize(),
        authors=tuple(f"Ada Example{n}" for n in range(chance.randint(1, 9))),
        categories=tuple(chance.sample(CATEGORIES, chance.randint(1, 4))),
        abstract=_han(chance, 360) + " $x_{i}^{2}$ 降至4.2%。",
        reading="" if failed else _reading(chance),
        note=f"（全文解读失败：404 Client Error: {arxiv_id}）" if failed else None,
    )


def _reading(chance: random.Random) -> str:
    parts = ("1) **研究背景**", "2) **核心方法**", "3) **任务与效果**")
    points = ["\n".join([part, *(f"- **要点**：{_han(chance, 60)}  " for _ in range(6))]) for part in parts]
    return "\n\n".join(points)


def _han(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(HAN, k=length)) + "。"
