"""`manage.py backup`: copy the database, prove the copy, keep the newest ones."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from posts.management.base import Usage
from posts.operations import backup, restoring


class Command(BaseCommand):
    help = "备份数据库到 data/backups/，并试着恢复一次来证明它可用"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=Path(settings.DATA_DIR) / "backups", help="放在哪里")
        parser.add_argument("--keep", type=int, default=14, help="只留最新的几份（0：都留）")
        parser.add_argument("--no-drill", action="store_true", help="不试着恢复")

    def handle(self, **options: Any) -> None:
        if options["keep"] < 0:
            raise Usage("--keep 至少为 0")
        try:
            path, manifest = backup.make(options["to"].resolve(), options["keep"])
            self.stdout.write(f"{path}（{path.stat().st_size / 1e6:.1f} MB）")
            if not options["no_drill"]:
                restoring.drill(path)
                self.stdout.write("演练：恢复到临时数据库，行数相符，页面打得开")
        except (backup.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"tables={len(manifest.tables)} rows={manifest.rows}")
