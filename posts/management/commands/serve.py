"""`manage.py serve`: web and worker together, watched over; one Ctrl-C ends both."""

import datetime as dt
import socket
import sys
import time
import urllib.request
from argparse import BooleanOptionalAction
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from digest_site import clock
from papers.models import Beat
from posts.supervisor import Child, Supervisor

# A worker whose tasks have not written the heartbeat for so long is wedged.
WEDGED_AFTER = dt.timedelta(minutes=5)
UP_WITHIN = 30.0


class Command(BaseCommand):
    help = "启动网站和后台（一次 Ctrl-C 两者都停）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="监听的地址")
        parser.add_argument("--web", action=BooleanOptionalAction, default=True, help="是否启动网站")
        parser.add_argument("--worker", action=BooleanOptionalAction, default=True, help="是否启动后台")

    def handle(self, **options: Any) -> None:
        children = []
        if options["web"]:
            self.require_free_port(options["host"])
            children.append(Child("网站", web_command(options["host"])))
        if options["worker"]:
            children.append(Child("后台", [sys.executable, "manage.py", "qcluster"], wedged=is_wedged))
        connection.close()
        sys.exit(Supervisor(children).run(ready=self.say_where if options["web"] else lambda: None))

    def require_free_port(self, host: str) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, settings.PORT))
            except OSError as error:
                raise CommandError(f"端口 {settings.PORT} 已被占用，请用 PORT=… 另选一个") from error

    def say_where(self) -> None:
        """The last line of the start-up, once the site answers."""
        url = f"http://127.0.0.1:{settings.PORT}/"
        until = time.monotonic() + UP_WITHIN
        while time.monotonic() < until and not answers(f"{url}healthz"):
            time.sleep(0.1)
        self.stdout.write(f"Site: {url}")
        self.stdout.flush()


def web_command(host: str) -> list[str]:
    """gunicorn with threads: pages wait for the database, not for each other."""
    return [
        *(sys.executable, "-m", "gunicorn", "digest_site.wsgi:application"),
        *("--bind", f"{host}:{settings.PORT}", "--workers", "2", "--threads", "8"),
        *("--worker-class", "gthread", "--preload", "--timeout", "60", "--max-requests", "20000"),
        *("--max-requests-jitter", "2000", "--log-level", "warning", "--worker-tmp-dir", tmp_dir()),
    ]


def tmp_dir() -> str:
    """gunicorn's own heartbeat files belong in memory where there is some."""
    return "/dev/shm" if sys.platform == "linux" else "/tmp"


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def is_wedged(age: float) -> bool:
    """Whether a cluster that has run for `age` seconds has written no heartbeat for too long."""
    if age < WEDGED_AFTER.total_seconds():
        return False
    try:
        beat = Beat.objects.filter(name="worker").first()
    finally:
        connection.close()
    return beat is None or clock.machine_now() - beat.at > WEDGED_AFTER
