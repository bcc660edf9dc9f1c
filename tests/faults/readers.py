"""The public side of a rig: a site in processes of its own, and somebody who reads it all the time."""

import os
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from posts.operations.processes import children_of
from tests.faults.cluster import Cluster, wait_for
from tests.faults.rig import Rig

DOORS = ("", "archive/", "search/?q=", "feeds/all/atom.xml")


class Reader:
    """Asks for public pages one after the other, and never for one twice that might have been kept."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.served = 0
        self.refused: list[str] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        number = 0
        while not self.ended.wait(0.1):
            number += 1
            path = DOORS[number % len(DOORS)]
            self.ask(f"{path}{'&' if '?' in path else '?'}reader={number}")

    def ask(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=20):
                self.served += 1
                return True
        except OSError as error:
            self.refused.append(f"{path}: {error}")
            return False

    def is_served(self) -> bool:
        return self.ask("archive/")


@dataclass
class Site:
    """A site's address and its supervisor."""

    url: str
    supervisor: subprocess.Popen[bytes]

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def processes(self) -> list[int]:
        """gunicorn's master and its workers."""
        return [pid for master in children_of(self.supervisor.pid) for pid in (master, *children_of(master))]

    def answers(self, path: str) -> Iterator[tuple[str, str]]:
        """(ETag, page) as each worker has it: while one is asked the others are held, so that it must answer."""
        workers = self.processes()[1:]
        for one in workers:
            with held([pid for pid in workers if pid != one]):
                yield self._answer(path)

    def _answer(self, path: str) -> tuple[str, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return answer.headers["ETag"], answer.read().decode()
        except urllib.error.HTTPError as error:
            return "", error.reason


@contextmanager
def held(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def serving(rig: Rig, host: Cluster | None = None, **changes: str) -> Iterator[Site]:
    """`manage.py serve --no-worker` on a free port, on the rig's own host or another one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    surroundings = {"PORT": str(port), "SITE_URL": url} | changes
    site = Site(url, (host or rig.cluster).open("serve", "--no-worker", **surroundings))
    try:
        wait_for(site.is_up, "the site")
        yield site
    finally:
        site.supervisor.send_signal(signal.SIGTERM)
        assert site.supervisor.wait(30) == 0


@contextmanager
def reading(rig: Rig) -> Iterator[Reader]:
    """A site beside the worker, and its reader."""
    with serving(rig) as site:
        reader = Reader(site.url)
        reader.thread.start()
        try:
            yield reader
        finally:
            reader.ended.set()
            reader.thread.join()
