"""An OpenAI-compatible model server that is not there, and can go wrong in every way real ones do.

    with FakeModel() as fake:
        Model(base_url=fake.base_url, api_key="k").complete(...)

or as a process: `python -m tests.fakes.model --port 0 --sample` prints its address first.

What a request gets is decided in this order: a model called `fault:NAME`, a paper whose title has a fault, the queue
(`enqueue`), every n-th request (`every`), else a faithful answer. A request it cannot understand is refused (400) and
kept in `unexpected`.
"""

import argparse
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.fakes import chinese, sample
from tests.fakes.model_faults import FAULTS, Handler

PURPOSES = ("translation", "reading")
MASK = re.compile(r"⟦M\d+⟧")

Known = Mapping[str, Any]  # title, abstract, zh_title, zh_abstract, zh_reading
Replies = Callable[[str, str], tuple[str, str] | None]  # English title, abstract -> Chinese ones


@dataclass
class Call:
    """One request, from the server's side. Times are monotonic seconds."""

    purpose: str
    model: str
    paper: str
    messages: list[dict[str, str]]
    fields: list[str]
    behaviour: str
    start: float
    end: float = 0.0


@dataclass
class Settings:
    """How the fake behaves from now on."""

    delay: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PURPOSES, 0.0))
    every: tuple[int, str] | None = None
    titles: dict[str, str] = field(default_factory=dict)
    queue: list[tuple[str | None, str]] = field(default_factory=list)
    trickle_every: float = 1.0
    trickle_for: float = 12.0


class FakeModel:
    """delay    seconds each answer takes, a number or by purpose {"translation": 2, "reading": 4}
    replies  known papers: English title -> (Chinese title, Chinese abstract), or a function of title and abstract
    papers   known papers with their readings, as in the sample edition
    """

    def __init__(
        self,
        delay: float | Mapping[str, float] = 0,
        replies: Mapping[str, tuple[str, str]] | Replies | None = None,
        papers: Sequence[Known] = (),
        port: int = 0,
    ) -> None:
        self.settings = Settings()
        self.set_delay(delay)
        self.papers = list(papers)
        self.replies = replies
        self.calls: list[Call] = []
        self.unexpected: list[str] = []
        self.most_at_once = 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self._open: set[int] = set()
        self._server = Server(("127.0.0.1", port), Handler)
        self._server.fake = self
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "FakeModel":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def forget(self) -> None:
        """Back to the beginning: no faults, no delays, no calls."""
        with self.lock:
            self.settings, self.calls, self.unexpected, self.most_at_once = Settings(), [], [], 0
            self._open.clear()  # what an earlier test left hanging counts no more

    def enqueue(self, *behaviours: str, purpose: str | None = None) -> None:
        """The next requests (of that purpose) get these behaviours, one each; "ok" lets one through."""
        self.settings.queue += [(purpose, known(name)) for name in behaviours]

    def fault_title(self, title: str, behaviour: str) -> None:
        """Every request about this paper gets this behaviour."""
        self.settings.titles[title] = known(behaviour)

    def every(self, n: int, behaviour: str) -> None:
        self.settings.every = (n, known(behaviour))

    def set_delay(self, delay: float | Mapping[str, float]) -> None:
        self.settings.delay |= dict(delay) if isinstance(delay, Mapping) else dict.fromkeys(PURPOSES, delay)

    @property
    def hits(self) -> int:
        return len(self.calls)

    @property
    def hits_by_paper(self) -> Counter[str]:
        return Counter(call.paper for call in self.calls)

    def counts(self) -> dict[str, Any]:
        """What `GET /_calls` answers; messages are left out."""
        with self.lock:
            calls = [{**asdict(call), "messages": len(call.messages)} for call in self.calls]
        return {
            "hits": len(calls),
            "most_at_once": self.most_at_once,
            "hits_by_paper": self.hits_by_paper,
            "unexpected": self.unexpected,
            "calls": calls,
        }

    def control(self, wish: Mapping[str, Any]) -> None:
        """`POST /_control`: {"clear": true, "enqueue": [NAME], "titles": {TITLE: NAME}, "every": [N, NAME],
        "delay": {"translation": 2}, "trickle_every": 0.1, "trickle_for": 1}"""
        if wish.get("clear"):
            self.settings = Settings(delay=self.settings.delay)
        self.enqueue(*wish.get("enqueue", ()))
        for title, behaviour in wish.get("titles", {}).items():
            self.fault_title(title, behaviour)
        if wish.get("every"):
            self.every(*wish["every"])
        self.set_delay(wish.get("delay", {}))
        self.settings.trickle_every = wish.get("trickle_every", self.settings.trickle_every)
        self.settings.trickle_for = wish.get("trickle_for", self.settings.trickle_for)

    def begin(self, request: Mapping[str, Any]) -> Call:
        purpose, paper = self._about(request["messages"][-1]["content"])
        with self.lock:
            behaviour = self._behaviour(request["model"], purpose, paper)
            call = Call(
                purpose,
                request["model"],
                paper,
                request["messages"],
                sorted(request),
                behaviour,
                time.monotonic(),
            )
            self.calls.append(call)
            self._open.add(id(call))
            self.most_at_once = max(self.most_at_once, len(self._open))
        return call

    def finish(self, call: Call) -> None:
        """Before the last byte of the answer leaves: who has read it may ask again sooner than we come back to this."""
        with self.lock:
            call.end = call.end or time.monotonic()
            self._open.discard(id(call))

    def _behaviour(self, model: str, purpose: str, paper: str) -> str:
        if model.startswith("fault:"):
            return known(model.removeprefix("fault:"))
        if paper in self.settings.titles:
            return self.settings.titles[paper]
        for index, (wanted, name) in enumerate(self.settings.queue):
            if wanted in (None, purpose):
                del self.settings.queue[index]
                return name
        if self.settings.every and (len(self.calls) + 1) % self.settings.every[0] == 0:
            return self.settings.every[1]
        return "ok"

    def _about(self, message: str) -> tuple[str, str]:
        """Purpose and English title (of a reading: of a paper we know, else the text's first line)."""
        data = source_of(message)
        if data is not None:
            paper = self._known_by_title(data["title"])
            return "translation", paper["title"] if paper else data["title"]
        paper = self._known_by_text(message)
        return "reading", paper["title"] if paper else self._titled(message)

    def _titled(self, text: str) -> str:
        titles = {call.paper for call in self.calls if call.purpose == "translation"} | set(
            self.settings.titles
        )
        flat = flatten(text[:20_000])
        found = [title for title in titles if flatten(title) in flat]
        return max(found, key=len) if found else next(iter(text.strip().splitlines()), "")

    def _known_by_title(self, title: str) -> Known | None:
        return next((paper for paper in self.papers if unmasked(title, paper["title"]) is not None), None)

    def _known_by_text(self, text: str) -> Known | None:
        flat = flatten(text) if self.papers else ""
        found = [paper for paper in self.papers if flatten(paper["title"]) in flat]
        return max(found, key=lambda paper: len(paper["title"]), default=None)

    def answer(self, call: Call) -> str:
        """The faithful reply."""
        message = call.messages[-1]["content"]
        data = source_of(message)
        if data is None:
            paper = self._known_by_text(message)
            return paper["zh_reading"] if paper else chinese.reading(message)
        title, abstract = self._translation(data)
        return json.dumps({"title": title, "abstract": abstract}, ensure_ascii=False)

    def _translation(self, data: Mapping[str, Any]) -> tuple[str, str]:
        title, abstract = data["title"], data["abstract"]
        paper = self._known_by_title(title)
        if paper:
            return masked_like(title, paper["title"], paper["zh_title"]), masked_like(
                abstract, paper["abstract"], paper["zh_abstract"]
            )
        known_reply = (
            self.replies(title, abstract) if callable(self.replies) else (self.replies or {}).get(title)
        )
        if known_reply:
            return known_reply
        terms = [(term["en"], term["zh"]) for term in data.get("terms", [])]
        return chinese.translate_title(title, terms), chinese.translate(abstract, terms)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    fake: FakeModel


def known(behaviour: str) -> str:
    if behaviour != "ok" and behaviour not in FAULTS:
        raise ValueError(f"no such behaviour: {behaviour}; there are {', '.join(sorted(FAULTS))}")
    return behaviour


def source_of(message: str) -> dict[str, Any] | None:
    """The paper's data if the message is a translation's."""
    try:
        data = json.loads(message)
    except ValueError:
        return None
    return data if isinstance(data, dict) and {"title", "abstract"} <= data.keys() else None


def flatten(text: str) -> str:
    return " ".join(text.split()).casefold()


def unmasked(masked: str, original: str) -> list[str] | None:
    """What the masks of a text stand for in the original, None when it is another text."""
    parts = MASK.split(" ".join(masked.split()))
    pattern = r"\s*(.+?)\s*".join(re.escape(part.strip()) for part in parts)
    found = re.fullmatch(rf"\s*{pattern}\s*", " ".join(original.split()), re.DOTALL)
    return list(found.groups()) if found else None


def masked_like(masked: str, original: str, translation: str) -> str:
    """The stored translation with the request's tokens where the masked spans stand in it."""
    tokens = MASK.findall(masked)
    spans = unmasked(masked, original) or []
    for token, span in sorted(zip(tokens, spans, strict=False), key=lambda pair: -len(pair[1])):
        translation = translation.replace(span, token, 1)
    return translation


def main() -> None:
    arguments = argparse.ArgumentParser(description="A fake OpenAI-compatible model server")
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--delay-translation", type=float, default=0)
    arguments.add_argument("--delay-reading", type=float, default=0)
    arguments.add_argument("--fault", nargs="*", default=[], help="behaviours of the first requests")
    arguments.add_argument("--sample", action="store_true", help="answer with the sample edition's texts")
    options = arguments.parse_args()
    papers = sample.model_papers() if options.sample else []
    delay = {"translation": options.delay_translation, "reading": options.delay_reading}
    with FakeModel(delay, papers=papers, port=options.port) as fake:
        fake.enqueue(*options.fault)
        if options.sample:
            fake.control({"titles": sample.model_faults()})
        print(fake.base_url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
