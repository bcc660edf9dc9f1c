"""What tests and benches start does not outlive them."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest

from tests.faults.cluster import wait_for
from tests.servers import ROOT, installed

BENCH = """
import sys, time
from pathlib import Path
from tests.servers import servers
with servers(Path(sys.argv[1])) as given:
    print(*given.values(), flush=True)
    time.sleep(60)
"""


def answers(address: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(address).port)) == 0


@pytest.mark.skipif(not installed(), reason="no PostgreSQL and Redis on this machine")
def test_the_servers_of_a_killed_bench_end() -> None:
    with TemporaryDirectory(prefix="digest-servers-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        command = [sys.executable, "-c", BENCH, str(Path(folder) / "servers")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as bench:
            assert bench.stdout
            addresses = bench.stdout.readline().split()
            assert len(addresses) == 2 and all(map(answers, addresses))
            bench.kill()
        wait_for(lambda: not any(map(answers, addresses)), "the end of the servers", 20)
