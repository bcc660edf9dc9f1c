"""A loopback arXiv: every door that a daily ingest knocks at, and every way in which it fails. Standard library only.

    with FakeArxiv(world) as arxiv:
        client = Client(arxiv.api_url, arxiv.rss_url, arxiv.oai_url, arxiv.site_url)
        arxiv.fault("rate-429", times=2, path="/api/")
        ...
        assert arxiv.smallest_gap() >= 3 and not arxiv.unknown

Doors: /api/query, /rss/<cats>, /atom/<cats>, /oai, /list/<cat>/new, /catchup/<cat>/<date>, /abs/<id>,
/pdf/<id>, /html/<id>. What they say follows tests/fakes/arxiv_world.py at the world's `now`.

As a process:

    python -m tests.fakes.arxiv --port 0 --world sample|replay|year --now ISO --fault NAME

prints its base address as the first line. `POST /_control` moves it from outside (`tell` does it), JSON:
`now` (ISO instant, null for the machine's clock), `on` (list of names or {name, times, path, value}),
`off` (list of names, or "all"), `serialisation` ("2025" or "old"), `forget` (true: empties the log). The reply, and
`GET /_control`, is the state: now, on, fired, unknown, smallest_gap, most_at_once, requests.

Faults (a `path` restricts each further; several can be on at once):

    down                  the connection is reset before anything is read
    rate-429              429 "Rate exceeded.", no Retry-After
    rate-429-retry-after  the same with Retry-After (value: seconds, 5)
    rate-503              503 with Retry-After (5)
    rate-200              "Rate exceeded." with HTTP 200
    refuse-406            406, an empty body
    forbid-403            403, the page for robots that do not behave
    html-200              an HTML page with HTTP 200 instead of the answer
    empty-body            HTTP 200 and no body
    error-entry           the API's error feed with HTTP 200
    reset                 the connection is reset after the request was read
    hang                  no answer until the server closes (value: seconds, 60)
    slow                  the body comes in pieces (value: seconds in all, 2)
    cut-body              Content-Length of the whole, body of the half
    wrong-clock           Date header off (value: seconds, three days ahead)
    malformed-xml         the document stops in the middle, Content-Length fits
    two-feeds             two whole feeds one after the other
    api-empty             totalResults as it is, no entries
    api-lag               the index lags (value: hours after the announcement, 24)
    empty-page-2          no entries on any page after the first
    ignore-start          every page is the first
    stale-list            /list/<cat>/new still shows the batch before
    truncated-list        headings count all entries, the last third is not there
    list-missing-entries  a tenth of the entries (at least one) is missing and not counted either
    stale-rss             yesterday's entries and date with today's build date
    rss-missing-entries   a tenth of the items (at least one) is missing
    pdf-404 pdf-html pdf-truncated pdf-zero pdf-huge
                          not there yet; an HTML page with 200; half a file; nothing; more than 50 MB
    html-404 html-untitled
                          no HTML; the failed conversion "Untitled Document" with 200
"""

import argparse
import json
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from tests.fakes.arxiv_doors import Doors
from tests.fakes.arxiv_faults import FAULTS, Fault, Switchboard
from tests.fakes.arxiv_http import Log, Seen, Server
from tests.fakes.arxiv_world import FakePaper, Version, World

__all__ = ["FAULTS", "FakeArxiv", "FakePaper", "Fault", "Seen", "Version", "World", "main", "tell"]

_WORLDS = {
    "sample": "tests.fakes.arxiv_sample",
    "replay": "tests.fakes.replay",
    "year": "tests.fakes.year",
}


class FakeArxiv:
    """The server, on 127.0.0.1. `serialisation` is the API's ("2025" or "old"); the limits are arXiv's page sizes."""

    def __init__(
        self,
        world: World,
        faults: Iterable[str | Fault] = (),
        port: int = 0,
        serialisation: str = "2025",
        api_limit: int = 2000,
        list_limit: int = 2000,
        oai_limit: int = 2000,
    ) -> None:
        self.world = world
        self.switchboard = Switchboard(faults)
        self.log = Log()
        self.closing = Event()
        self.doors = Doors(world, serialisation, api_limit, list_limit, oai_limit)
        self._server = Server(("127.0.0.1", port), self)

    # Addresses, as the settings ARXIV_*_URL want them.

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/query"

    @property
    def rss_url(self) -> str:
        return self.base_url

    @property
    def oai_url(self) -> str:
        return f"{self.base_url}/oai"

    @property
    def site_url(self) -> str:
        return self.base_url

    # What happened.

    @property
    def requests(self) -> list[Seen]:
        return self.log.requests

    @property
    def unknown(self) -> list[str]:
        return self.log.unknown

    def smallest_gap(self) -> float:
        return self.log.smallest_gap()

    def most_at_once(self) -> int:
        return self.log.most_at_once()

    # What happens next.

    def fault(
        self, name: str, times: int | None = None, path: str | None = None, value: float | None = None
    ) -> None:
        """Switch a fault on; `times` requests long, on targets matching the regular expression `path`."""
        self.switchboard.switch_on(name, times, path, value)

    def clear(self, name: str | None = None) -> None:
        """Switch a fault off, or all."""
        self.switchboard.switch_off(name)

    @property
    def fired(self) -> Mapping[str, int]:
        """How often each fault really met a request."""
        return self.switchboard.fired

    def control(self, order: Mapping[str, Any]) -> None:
        """Obey one order of `POST /_control`."""
        if "now" in order:
            self.world.set_now(instant(order["now"]) if order["now"] else None)
        off = order.get("off", [])
        for name in [None] if off == "all" else off:
            self.clear(name)
        for fault in order.get("on", []):
            self.fault(**({"name": fault} if isinstance(fault, str) else fault))
        if order.get("serialisation"):
            self.doors.serialisation = order["serialisation"]
        if order.get("forget"):
            self.log.requests.clear()
            self.log.unknown.clear()

    def state(self) -> dict[str, Any]:
        """The reply of the control door."""
        gap = self.smallest_gap()
        return {
            "now": self.world.now().isoformat(),
            "on": [vars(fault) for fault in self.switchboard.on],
            "fired": dict(self.fired),
            "unknown": list(self.unknown),
            "smallest_gap": None if gap == float("inf") else gap,
            "most_at_once": self.most_at_once(),
            "requests": [{**vars(seen), "headers": dict(seen.headers)} for seen in list(self.requests)],
        }

    def start(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def serve_forever(self) -> None:
        self._server.serve_forever()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def instant(text: str) -> datetime:
    """An ISO instant; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def tell(base_url: str, **order: Any) -> dict[str, Any]:
    """Send an order to the control door of a fake in another process; returns its state."""
    request = urllib.request.Request(f"{base_url}/_control", json.dumps(order).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def load_world(name: str) -> World:
    """The built-in world of that name; its module is loaded only now, since a replay needs material of its own."""
    return import_module(_WORLDS[name]).world()


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.fakes.arxiv", description="A loopback arXiv.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--world", choices=sorted(_WORLDS), default="sample")
    parser.add_argument(
        "--now", type=instant, help="ISO instant; default: the machine's clock, or the world's own"
    )
    parser.add_argument("--fault", action="append", default=[], choices=sorted(FAULTS), metavar="NAME")
    parser.add_argument("--serialisation", choices=("2025", "old"), default="2025")
    options = parser.parse_args(arguments)
    try:
        world = load_world(options.world)
        if options.now:
            world.set_now(options.now)
        fake = FakeArxiv(world, options.fault, options.port, options.serialisation)
    except (OSError, OverflowError) as error:
        # No material for a replay, or a port that is taken or none.
        parser.error(str(error))
    print(fake.base_url, flush=True)
    with suppress(KeyboardInterrupt):
        fake.serve_forever()


if __name__ == "__main__":
    main()
