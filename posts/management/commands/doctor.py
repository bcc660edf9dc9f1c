"""`manage.py doctor`: is everything well, and if not, what is to be done. Exit status 1 when something is wrong."""

import platform
import sys
from typing import Any

import django
from django.core.management.base import BaseCommand, CommandParser

from posts.operations import doctor
from posts.operations.health import BAD, GOOD, NOTE

WORDS = {GOOD: "  好  ", NOTE: " 注意 ", BAD: " 错误 "}


class Command(BaseCommand):
    help = "检查设置、数据库、磁盘、时钟、arXiv、模型、邮件、后台和最近一日，并说该做什么"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--offline", action="store_true", help="不访问外面的服务")
        parser.add_argument("--copy", action="store_true", help="只看数据库和网页：检验一份恢复出来的副本")

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"Python {platform.python_version()}，Django {django.__version__}")
        signs = doctor.examine_copy() if options["copy"] else doctor.examine(offline=options["offline"])
        for sign in signs:
            self.stdout.write(f"[{WORDS[sign.level]}] {sign.name}：{sign.message}")
            if sign.advice and sign.level != GOOD:
                self.stdout.write(f"          → {sign.advice}")
        count = {level: sum(sign.level == level for sign in signs) for level in WORDS}
        self.stdout.write(" ".join(f"{level}={number}" for level, number in count.items()))
        if count[BAD]:
            sys.exit(1)
