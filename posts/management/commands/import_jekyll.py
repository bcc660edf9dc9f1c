"""`manage.py import_jekyll DIR`: bring the old site's posts along."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from posts.management.base import LEFT, Usage, spare_the_log
from posts.models import Digest
from posts.old_site import OLD_DIGEST, files_in, import_files


class Command(BaseCommand):
    help = "把旧站（Jekyll）的日报收进来：按原日期发布，标明机器翻译；可以重复"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="旧站的 _posts 目录")
        parser.add_argument(
            "--digest", default=OLD_DIGEST, metavar="SLUG", help="收进哪个日报（默认 speech）"
        )

    def handle(self, *, folder: Path, digest: str, **options: Any) -> None:
        spare_the_log(options)
        into = Digest.objects.filter(slug=digest).first()
        if into is None:
            raise Usage(f"没有名为 {digest} 的日报")
        files = files_in(folder)
        if not files:
            raise Usage(f"{folder} 里没有日报（YYYY-MM-DD-*.md）")
        with tqdm(total=len(files), desc="收录", unit="份", file=sys.stderr, disable=None) as bar:
            result = import_files(into, files, tell=lambda done: bar.update())
        for note in result.kept:
            self.stderr.write(note)
        for path, line, message in result.malformed:
            self.stderr.write(f"{path}:{line}: {message}")
        if result.fresh:
            self.stderr.write(self.next_steps(files))
        self.stdout.write(
            f"files={len(files)} posts={result.posts} papers={result.entries} new={result.fresh}"
            f" changed={result.changed} failed_steps={result.failed_steps} malformed={len(result.malformed)}"
        )
        if result.malformed:
            sys.exit(LEFT)

    def next_steps(self, files: list[Path]) -> str:
        """How to see, and to make up for, what arXiv announced meanwhile and the old site never had."""
        since, until = files[0].name[:10], files[-1].name[:10]
        return (
            f"arXiv 其间公布而旧站没有的：manage.py fetch --since {since} --until {until} 逐日列出，"
            "再用 manage.py summarize --day D 一日一日补齐"
        )
