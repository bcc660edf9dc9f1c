"""`manage.py build_site DIR`: the public site as plain files."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandParser

from posts.management.base import Usage, writing
from posts.static_site import build


class Command(BaseCommand):
    help = "把公开的网站写成静态文件；再次运行只改动有变化的文件"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="写到哪个目录")
        parser.add_argument(
            "--base-url", default="", metavar="URL", help="网站的地址，可带子路径（默认 SITE_URL）"
        )

    def handle(self, *, folder: Path, base_url: str, **options: Any) -> None:
        parts = urlsplit(base_url)
        if base_url and not (parts.scheme in ("http", "https") and parts.netloc):
            raise Usage(f"--base-url 应写作 https://example.org/digest，而不是 {base_url!r}")
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            built = build(folder, base_url)
        self.stdout.write(f"pages={built.pages} written={built.written} removed={built.removed}")
