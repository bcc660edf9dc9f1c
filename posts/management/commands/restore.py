"""`manage.py restore FILE`: put a backup in the place of the database. `--drill` only proves that it could."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from papers.models import Paper
from posts.management.base import Usage
from posts.operations import backup, restoring
from posts.operations.health import ago


class Command(BaseCommand):
    help = "用备份替换现在的数据库（先自动备份现在的）；最好先停下网站和后台"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="备份文件，默认 data/backups/ 里最新的")
        parser.add_argument("--drill", action="store_true", help="只在临时数据库里演练")
        parser.add_argument("--yes", action="store_true", help="数据库里已有论文时也替换")

    def handle(self, **options: Any) -> None:
        folder = Path(settings.DATA_DIR) / "backups"
        path = options["file"] or next(iter(backup.backups(folder)), None)
        if path is None:
            raise Usage(f"{folder} 里没有备份")
        if not path.is_file():
            raise Usage(f"没有这个文件：{path}")
        try:
            manifest = (
                restoring.drill(path) if options["drill"] else self.restore(path, folder, options["yes"])
            )
        except (backup.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{path.name}：{'演练成功' if options['drill'] else '已恢复'}")
        self.stdout.write(f"tables={len(manifest.tables)} rows={manifest.rows}")

    def restore(self, path: Path, folder: Path, sure: bool) -> backup.Manifest:
        if not sure and has_papers():
            made = backup.made_at(path)
            raise Usage(f"数据库里已有论文；要用 {ago(made)}的 {path.name} 替换，请加 --yes")
        return restoring.restore(path, folder)


def has_papers() -> bool:
    """Whether there is anything to lose; tables that are not there have nothing."""
    table = Paper._meta.db_table
    return table in connection.introspection.table_names() and Paper.objects.exists()
