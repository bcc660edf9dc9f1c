"""`manage.py export_jekyll DIR`: the published posts as the old site had them."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from posts.management.base import DigestCommand, writing
from posts.old_site import export_files


class Command(DigestCommand):
    help = "把已发布的日报写成旧站（Jekyll）的文件 YYYY-MM-DD-arxiv.md"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("folder", type=Path, help="写到哪个目录，如旧站的 _posts")

    def handle(self, *, folder: Path, **options: Any) -> None:
        with writing(folder):
            posts, changed = export_files(self.digests(options), folder)
        self.stdout.write(f"posts={posts} written={changed}")
