"""Speed of the public site with 2,000 days × 20 papers: pages and feeds against an empty view and static files.

    .venv/bin/python -m tests.benchmarks.serving [--days 2000] [--seconds 3]

Works in a temporary directory on a database of its own, or on the empty one that DATABASE_URL names.
Ratios are medians of rounds in turn, in one run, for other work on the machine disturbs all alike.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.benchmarks.parts.load import rate
from tests.benchmarks.parts.processes import (
    REPO,
    SITE,
    Server,
    fetch,
    free_port,
    gunicorn,
    has,
    manage,
    running,
)

FEED = "/feeds/category/cs.SD/atom.xml"
ROUNDS = 3
BAR = 0.9
PUBLISH = """
from papers.models import Generation, Revision
from posts.models import DailyPost
post = DailyPost.objects.latest("date")
text = post.entries.first().paper.summary.public
Revision.objects.filter(pk=text.pk).update(title="刚刚发布的标题")
Generation.bump()
"""


def main() -> None:
    options = read_arguments()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/db.sqlite3")
        os.environ |= {"DEBUG": "no", "SITE_URL": "http://127.0.0.1:8000"}
        prepare(options.days)
        print(manage("shell", "-v0", "-c", "from tests.benchmarks.parts.inside import main; main()"), end="")
        throughput(Path(folder), options.seconds)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--days", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=3, help="of load, each round")
    return parser.parse_args()


def prepare(days: int) -> None:
    started = time.monotonic()
    manage("migrate", "-v0")
    manage("collectstatic", "--noinput", "-v0")
    manage("shell", "-v0", "-c", f"from tests.benchmarks import library; library.fill({days})")
    print(f"{days} days × 20 papers made in {time.monotonic() - started:.0f} s", flush=True)


def throughput(folder: Path, seconds: float) -> None:
    day = manage(
        "shell",
        "-v0",
        "-c",
        "from posts.models import DailyPost as D; print(D.objects.latest('date').get_absolute_url())",
    )
    pages = {"day page": day.strip(), "category feed": FEED}
    with ExitStack() as stack:
        site = stack.enter_context(web())
        empty = stack.enter_context(web("tests.benchmarks.parts.empty"))
        warm(site, pages)
        compare("an empty Django view", empty, "/", site, pages, seconds)
        if not has("nginx"):
            print("behind nginx: not measured, nginx is not installed", file=sys.stderr)
            return
        sent = {name: fetch(site.address + path, Accept_Encoding="gzip")[0] for name, path in pages.items()}
        front = stack.enter_context(nginx(folder, site, sent))
        warm(front, pages)
        for name, path in pages.items():
            file = f"/static/{name.replace(' ', '-')}"
            compare(
                "nginx's own file of that size", front, file, front, {f"{name} behind nginx": path}, seconds
            )
        freshness(site, front, pages["day page"])


def web(application: str = SITE) -> AbstractContextManager[Server]:
    port = free_port()
    return running(*gunicorn(port, application), port=port)


def warm(site: Server, pages: dict[str, str]) -> None:
    """Both workers have made each page."""
    for path in pages.values():
        for _ in range(40):
            fetch(site.address + path, Accept_Encoding="gzip")


def compare(what: str, base: Server, path: str, own: Server, pages: dict[str, str], seconds: float) -> None:
    """Throughput beside the base's, in turn; and what an answer costs the server, which other work disturbs less."""
    asked = {what: (base, path)} | {name: (own, path) for name, path in pages.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, (server, path) in asked.items():
            found[name].append(cost(server, path, seconds))
    rates, costs = ({name: median(row[at] for row in rows) for name, rows in found.items()} for at in (0, 1))
    print(f"{what}: {rates[what]:.0f} requests/s, {costs[what]:.0f} µs of CPU each", flush=True)
    for name in pages:
        print(
            f"{name}: {rates[name]:.0f} requests/s, {rates[name] / rates[what]:.2f} × {what} (bar: ≥ {BAR});"
            f" {costs[name]:.0f} µs of CPU each, {costs[what] / costs[name]:.2f} ×",
            flush=True,
        )


def cost(server: Server, path: str, seconds: float) -> tuple[float, float]:
    """(answers a second, microseconds of the server's CPU for each)"""
    before = server.cpu_seconds()
    answers = rate(server.address + path, seconds)
    return answers, 1e6 * (server.cpu_seconds() - before) / (answers * seconds)


@contextmanager
def nginx(folder: Path, site: Server, files: dict[str, bytes]) -> Iterator[Server]:
    """nginx with the configuration in docs/, and beside it a static file as large as each page as it is sent."""
    static = folder / "static"
    static.mkdir()
    for name, body in files.items():
        (static / name.replace(" ", "-")).write_bytes(body)
    port = free_port()
    (folder / "nginx.conf").write_text(configuration(folder, static, site, port))
    command = ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    with running(*command, port=port, PATH=path) as server:
        yield server


def configuration(folder: Path, static: Path, site: Server, port: int) -> str:
    """docs/nginx.conf with this run's ports and folders, inside what a distribution puts around it."""
    text = (REPO / "docs" / "nginx.conf").read_text(encoding="utf-8")
    for pattern, value in {
        r"/var/cache/nginx/digest": str(folder / "cache"),
        r"server 127\.0\.0\.1:8000;": f"server {site.address.removeprefix('http://')};",
        r"listen 80;": f"listen 127.0.0.1:{port};",
        r"server_name [^;]+;": "server_name 127.0.0.1;",
        r"/srv/digest/app/staticfiles/": f"{static}/",
    }.items():
        text, found = re.subn(pattern, value, text)
        assert found == 1, f"docs/nginx.conf has {found} × {pattern}"
    user = "user root;" if os.getuid() == 0 else ""
    return f"""{user} daemon off; worker_processes auto; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{ access_log off; default_type text/html; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
{text} }}"""


def freshness(site: Server, front: Server, path: str) -> None:
    """How long a publication takes to show, at the site and behind nginx, on a page that is being read."""
    manage("shell", "-v0", "-c", PUBLISH)
    started = time.monotonic()
    for name, server in (("at the site", site), ("behind nginx", front)):
        while "刚刚发布的标题" not in fetch(server.address + path)[0].decode():
            time.sleep(0.1)
        print(
            f"a publication shows {name} after {time.monotonic() - started:.1f} s (bar: ≤ 10 s behind a proxy)"
        )


if __name__ == "__main__":
    main()
