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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.benchmarks.parts.processes import (
    REPO,
    fetch,
    free_port,
    gunicorn,
    has,
    manage,
    rate,
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
        if not has("wrk"):
            print("throughput: not measured, wrk is not installed", file=sys.stderr)
            return
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
    own, bare = free_port(), free_port()
    with ExitStack() as stack:
        site = stack.enter_context(running(*gunicorn("digest_site.wsgi", own), port=own))
        empty = stack.enter_context(running(*gunicorn("tests.benchmarks.parts.empty", bare), port=bare))
        warm(site, pages)
        compare(
            "an empty Django view", f"{empty}/", {name: site + path for name, path in pages.items()}, seconds
        )
        if not has("nginx"):
            print("behind nginx: not measured, nginx is not installed", file=sys.stderr)
            return
        front = stack.enter_context(
            nginx(folder, own, {n: fetch(site + p, Accept_Encoding="gzip")[0] for n, p in pages.items()})
        )
        warm(front, pages)
        for name, path in pages.items():
            file = f"{front}/static/{name.replace(' ', '-')}"
            compare("nginx's own file of that size", file, {f"{name} behind nginx": front + path}, seconds)
        freshness(site, front, pages["day page"])


def warm(site: str, pages: dict[str, str]) -> None:
    """Both workers have made each page."""
    for path in pages.values():
        for _ in range(40):
            fetch(site + path, Accept_Encoding="gzip")


def compare(what: str, base: str, pages: dict[str, str], seconds: float) -> None:
    found: dict[str, list[float]] = {address: [] for address in (base, *pages.values())}
    for _ in range(ROUNDS):
        for address, rates in found.items():
            rates.append(rate(address, seconds))
    slowest = median(found[base])
    print(f"{what}: {slowest:.0f} requests/s", flush=True)
    for name, address in pages.items():
        own = median(found[address])
        print(f"{name}: {own:.0f} requests/s, {own / slowest:.2f} × {what} (bar: ≥ {BAR})", flush=True)


@contextmanager
def nginx(folder: Path, upstream: int, files: dict[str, bytes]) -> Iterator[str]:
    """nginx with the configuration in docs/, and beside it a static file as large as each page as it is sent."""
    static = folder / "static"
    static.mkdir()
    for name, body in files.items():
        (static / name.replace(" ", "-")).write_bytes(body)
    port = free_port()
    (folder / "nginx.conf").write_text(configuration(folder, static, upstream, port))
    command = ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    with running(*command, port=port, PATH=path) as address:
        yield address


def configuration(folder: Path, static: Path, upstream: int, port: int) -> str:
    """docs/nginx.conf with this run's ports and folders, inside what a distribution puts around it."""
    text = (REPO / "docs" / "nginx.conf").read_text(encoding="utf-8")
    for pattern, value in {
        r"/var/cache/nginx/digest": str(folder / "cache"),
        r"server 127\.0\.0\.1:8000;": f"server 127.0.0.1:{upstream};",
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


def freshness(site: str, front: str, path: str) -> None:
    """How long a publication takes to show, at the site and behind nginx, on a page that is being read."""
    manage("shell", "-v0", "-c", PUBLISH)
    started = time.monotonic()
    for name, address in (("at the site", site), ("behind nginx", front)):
        while "刚刚发布的标题" not in fetch(address + path)[0].decode():
            time.sleep(0.1)
        print(
            f"a publication shows {name} after {time.monotonic() - started:.1f} s (bar: ≤ 10 s behind a proxy)"
        )


if __name__ == "__main__":
    main()
