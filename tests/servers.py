"""PostgreSQL and Redis for faults and benches; they end with the process that wanted them, however that ends."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

ROOT = Path(__file__).resolve().parent.parent


def installed() -> bool:
    return which("redis-server") is not None and any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """DATABASE_URL and REDIS_URL of two empty servers whose files are in `folder`.

    PostgreSQL's user must be able to go there: pytest's own folders are nobody else's.
    """
    with subprocess.Popen(
        [str(ROOT / "scripts/servers"), "hold", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is for us, and we tell it
    ) as holder:
        assert holder.stdin and holder.stdout
        said = holder.stdout.readline()
        assert said, "the servers did not start"
        try:
            yield dict(word.split("=", 1) for word in said.split() if "=" in word)
        finally:
            holder.stdin.close()
