"""`manage.py copy_database URL`: everything from this database into another, for moving from SQLite to PostgreSQL."""

import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from posts.management.base import Usage
from posts.operations import moving
from posts.operations.processes import environment


class Command(BaseCommand):
    help = "把全部内容原样搬进另一个数据库（如 postgres://user:password@host/name）；先停下网站和后台"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", nargs="?", help="目标数据库的地址；不写则从标准输入读（密码不上命令行）")
        parser.add_argument("--replace", action="store_true", help="目标里已有论文时也替换")

    def handle(self, **options: Any) -> None:
        url = options["url"] or sys.stdin.readline().strip()
        if not url or url == settings.DATABASE_URL:
            raise Usage("请给出另一个数据库的地址")
        surroundings = environment(DATABASE_URL=url, DATABASE_URL_FILE="")
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        if subprocess.call(command, env=surroundings, cwd=settings.BASE_DIR):
            raise CommandError("目标数据库没有准备好，见上面的说明")
        with moving.opened(url) as other:
            if moving.has_papers(other) and not options["replace"]:
                raise Usage("目标数据库里已有论文；要替换请加 --replace")
            try:
                copied = moving.copy_everything(other)
            except moving.Mismatch as error:
                raise CommandError(f"没有搬成，目标保持原样：{error}") from error
        self.stdout.write("已搬完。把 DATABASE_URL 换成新地址，再启动。")
        self.stdout.write(f"tables={len(copied)} rows={sum(copied.values())}")
