"""`manage.py serve`: web and worker together, watched over; one Ctrl-C ends both."""

import logging
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from digest_site.absence import wait_for_database
from papers.tasks import SCHEDULES as PAPERS_SCHEDULES
from papers.tasks import mend_clock, mend_schedules, stop_file
from posts.management.base import Usage
from posts.operations.health import Heartbeat
from posts.operations.supervisor import Child, Monitor, Supervisor, end_leftovers
from posts.tasks import SCHEDULES

log = logging.getLogger("posts.serve")

HOST = "127.0.0.1"
UP_WITHIN = 60.0
# How long the port of a site that is just ending may still be taken.
PORT_PATIENCE = 6.0


class Command(BaseCommand):
    help = "启动网站和后台（一次 Ctrl-C 两者都停）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=HOST, help="监听的地址")
        parser.add_argument("--web", action=BooleanOptionalAction, default=True, help="是否启动网站")
        parser.add_argument("--worker", action=BooleanOptionalAction, default=True, help="是否启动后台")

    def handle(self, **options: Any) -> None:
        home = Path(settings.BASE_DIR)
        end_leftovers(home)
        children = []
        if options["web"]:
            require_free_port(options["host"])
            children.append(Child("网站", web_command(options["host"]), cwd=home))
        if options["worker"]:
            children.append(worker(home))
        if not children:
            raise Usage("--no-web 和 --no-worker 不能一起用")
        wait_for_database()
        say_where = self.say_where if options["web"] else lambda supervisor: True
        clear_stop_files()
        try:
            # Twelve looks a minute in earnest; a rehearsal that is less patient looks more often.
            patience = settings.WEDGED_SECONDS
            boss = Supervisor(children, home, look=patience / 60, least_life=patience / 30)
            sys.exit(boss.run(ready=say_where))
        finally:
            clear_stop_files()

    def say_where(self, supervisor: Supervisor) -> bool:
        """The last line of the start-up, once the site answers; False when it died instead."""
        url = f"http://127.0.0.1:{settings.PORT}/"
        web, until = supervisor.children[0], time.monotonic() + UP_WITHIN
        while not answers(f"{url}healthz"):
            if not web.alive or time.monotonic() > until:
                log.error("网站没有启动，见上面的说明")
                return False
            if not supervisor.wait(0.1):
                return True
        self.stdout.write(f"Site: {url}")
        self.stdout.flush()
        return True


def require_free_port(host: str) -> None:
    """Wait a little for the port: a site that was just stopped may still be ending."""
    until = time.monotonic() + PORT_PATIENCE
    while not port_is_free(host):
        if time.monotonic() > until:
            raise CommandError(f"端口 {settings.PORT} 已被占用，请用 PORT=… 另选一个")
        time.sleep(0.2)


def port_is_free(host: str) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, settings.PORT))
        except OSError:
            return False
    return True


def web_command(host: str) -> list[str]:
    """gunicorn with threads: pages wait for the database, not for each other."""
    where = f"[{host}]" if ":" in host else host
    return [
        *(sys.executable, "-m", "gunicorn", "digest_site.wsgi:application"),
        *("--bind", f"{where}:{settings.PORT}", "--workers", str(settings.WEB_WORKERS), "--threads", "8"),
        *("--worker-class", "gthread", "--preload", "--timeout", "60", "--graceful-timeout", "5"),
        *("--max-requests", "500000", "--max-requests-jitter", "50000", "--log-level", "warning"),
        *("--worker-tmp-dir", tmp_dir()),
    ]


def worker(home: Path) -> Child:
    """The cluster. Before it is told to end, its tasks are told to begin nothing new."""
    heartbeat, monitor = Heartbeat(settings.WEDGED_SECONDS), Monitor(settings.WORKERS)
    return Child(
        "后台",
        [sys.executable, "manage.py", "qcluster"],
        wedged=lambda child: monitor.is_lost(child) or heartbeat.is_missing(child.age),
        before_start=mend,
        ask_to_end=lambda group: stop_file(group).touch(),
        cwd=home,
    )


def mend() -> None:
    """What keeps a cluster from ever starting a task: what a wrong clock wrote, a schedule that cannot be read."""
    try:
        mend_clock()
        mend_schedules(PAPERS_SCHEDULES | SCHEDULES)
    except DatabaseError:
        return
    finally:
        connection.close()


def clear_stop_files() -> None:
    """Remove what told process groups to end that have ended since."""
    pattern = stop_file(0).name.removesuffix("0")
    for path in stop_file(0).parent.glob(f"{pattern}*"):
        try:
            os.killpg(int(path.name.removeprefix(pattern)), 0)
        except (ProcessLookupError, ValueError):
            path.unlink(missing_ok=True)
        except PermissionError:
            continue


def tmp_dir() -> str:
    """gunicorn's own heartbeat files belong in memory where there is some."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"


def answers(url: str) -> bool:
    """Whether something speaks HTTP there; an error page or a redirect is an answer too."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
