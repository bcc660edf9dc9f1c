"""Bars of the old site: import, export and the static build of 140 days with 1,506 papers.

    .venv/bin/python -m tests.benchmarks.old_site

Works in a temporary directory on a database of its own, with posts of the real ones' size.
"""

import datetime as dt
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from posts import jekyll

REPO = Path(__file__).resolve().parents[2]
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        old, new, site = base / "old", base / "new", base / "site"
        write_posts(old)
        run = Manage(base / "db.sqlite3")
        run("migrate", "-v0")
        run("import_jekyll", str(old), bar="≤ 20 s, ≤ 300 MB")
        run("import_jekyll", str(old), bar="again")
        run("export_jekyll", str(new))
        same = all((new / path.name).read_bytes() == path.read_bytes() for path in old.iterdir())
        print(f"exported {'byte for byte' if same else 'OTHERWISE'}")
        run("build_site", str(site), bar="cold, ≤ 60 s")
        run("build_site", str(site), bar="nothing changed")
        run("shell", "-v0", "-c", change("2511"), quiet=True)
        run("build_site", str(site), bar="one old paper changed, ≤ 2 s")
        run("shell", "-v0", "-c", change(""), quiet=True)
        run("build_site", str(site), bar="the newest paper changed, ≤ 2 s")


class Manage:
    """`manage.py` in a process of its own, timed, with the most memory that it took."""

    def __init__(self, database: Path) -> None:
        self.environ = os.environ | {"DATABASE_URL": f"sqlite:///{database}"}

    def __call__(self, *words: str, bar: str = "", quiet: bool = False) -> None:
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=REPO, env=self.environ, capture_output=True, text=True
        )
        seconds = time.monotonic() - started
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        if done.returncode:
            sys.exit(f"{words}: {done.stderr[-2000:]}")
        if not quiet:
            last = (done.stdout.strip().split("\n") or [""])[-1]
            print(f"{words[0]:<14} {seconds:6.2f} s  {most:4.0f} MB at most so far  {bar:<34} {last}")


def change(month: str) -> str:
    """Python that changes the public title and abstract of the newest paper (of a month)."""
    return (
        "from django.utils import timezone; from papers.models import *;"
        f"s = Summary.objects.filter(paper__arxiv_id__startswith='{month}').order_by('-paper__arxiv_id')[0];"
        "r = Revision.objects.create(summary=s, paper_version=1, title='改过的题目',"
        " abstract=s.public.abstract + '改。', reading=s.public.reading);"
        "Summary.objects.filter(pk=s.pk).update(public=r, current=r, public_changed_at=timezone.now());"
        "Generation.bump()"
    )


def write_posts(folder: Path, days: int = DAYS, papers: int = PAPERS) -> None:
    """Posts as the old site had them, on weekdays, of the usual length."""
    folder.mkdir(parents=True)
    dates = list(weekdays(dt.date(2025, 10, 16), days))
    numbers = {date: papers // days + (at < papers % days) for at, date in enumerate(dates)}
    for date, number in numbers.items():
        text = jekyll.write(post(date, number))
        (folder / f"{date:%F}-arxiv.md").write_text(text, encoding="utf-8")


def weekdays(date: dt.date, number: int) -> Iterator[dt.date]:
    while number:
        if date.weekday() in (1, 2, 3, 4):
            yield date
            number -= 1
        date += dt.timedelta(days=1)


def post(date: dt.date, number: int) -> jekyll.OldPost:
    chance = random.Random(date.toordinal())
    end = dt.datetime.combine(date, dt.time(8, 50))
    ids = [f"{date:%y%m}.{date.day * 500 + at:05}" for at in range(number)]
    return jekyll.OldPost(
        date=date,
        start=end - dt.timedelta(days=1),
        end=end,
        fetched=number,
        tags=("arxiv", "cs.SD", "eess.AS"),
        entries=tuple(entry(arxiv_id, chance) for arxiv_id in reversed(ids)),
    )


def entry(arxiv_id: str, chance: random.Random) -> jekyll.OldEntry:
    failed = chance.random() < 0.03
    return jekyll.OldEntry(
        arxiv_id=arxiv_id,
        version=1,
        title=" ".join(chance.choices(WORDS, k=9)).capitalize(),
        authors=tuple(f"Ada Example{n}" for n in range(chance.randint(1, 9))),
        categories=tuple(chance.sample(CATEGORIES, chance.randint(1, 4))),
        abstract=han(chance, 360) + " $x_{i}^{2}$ 降至4.2%。",
        reading="" if failed else reading(chance),
        note=f"（全文解读失败：404 Client Error: {arxiv_id}）" if failed else None,
    )


def reading(chance: random.Random) -> str:
    parts = ("1) **研究背景**", "2) **核心方法**", "3) **任务与效果**")
    points = ["\n".join([part, *(f"- **要点**：{han(chance, 60)}  " for _ in range(6))]) for part in parts]
    return "\n\n".join(points)


def han(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(HAN, k=length)) + "。"


if __name__ == "__main__":
    main()
