"""The wire of the fake model: one request in, and each way an answer can look.

A behaviour is a row of FAULTS: either it changes the faithful text (TEXTS) or the exchange itself (WIRES).
"""

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any

STREAM_PIECES = 6
OTHER_PAPER = {
    "title": "基于图神经网络的城市交通流量预测",
    "abstract": "城市交通流量预测对出行规划十分重要。现有研究忽略了路网的空间依赖。"
    "作者提出一种图神经网络，把路段作为节点建模。实验证明该方法能够准确预测拥堵。",
}


def missing_mask(text: str) -> str:
    return re.sub(r"⟦M\d+⟧", "", text, count=1)


def duplicate_mask(text: str) -> str:
    return re.sub(r"(⟦M\d+⟧)", r"\1和\1", text, count=1)


def wrong_number(text: str) -> str:
    """Another number in the abstract (or reading), never inside a mask or a name."""
    start = max(text.find('"abstract"'), 0)
    body, count = re.subn(r"(?<![\wM.⟦-])\d+(?:\.\d+)?(?![\w⟧)]*⟧|[)）])", "7391.5", text[start:], count=1)
    if count:
        return text[:start] + body
    return re.sub(r"。", "，提升了7391.5个百分点。", text, count=1)


def dropped_sentence(text: str) -> str:
    if not text.startswith("{"):
        return re.split(r"\n+3\)", text)[0]
    data = json.loads(text)
    sentences = re.findall(r"[^。]+。", data["abstract"])
    data["abstract"] = "".join(sentences[: max(1, len(sentences) - 2)])
    return json.dumps(data, ensure_ascii=False)


def other_paper(text: str) -> str:
    other = json.dumps(OTHER_PAPER, ensure_ascii=False)
    return (
        other
        if text.startswith("{")
        else f"1) {OTHER_PAPER['title']}\n\n2) {OTHER_PAPER['abstract']}\n\n3) 无"
    )


def extra_keys(text: str) -> str:
    """What a paper might tell a model to say beside its answer."""
    if not text.startswith("{"):
        return text
    return json.dumps({"status": "approved", "reviewed_by": 1, "public": True} | json.loads(text))


def english(text: str) -> str:
    reply = {
        "title": "A study of systems",
        "abstract": "We study a system and report that it works well in practice.",
    }
    return (
        json.dumps(reply)
        if text.startswith("{")
        else "1) Background\nWe study.\n2) Method\nA model.\n3) Results\nGood."
    )


TEXTS: dict[str, Callable[[str], str]] = {
    "fenced": lambda text: f"```json\n{text}\n```",
    "think": lambda text: f'<think>\n先看看术语 {{"title": 1}}，再翻译。\n</think>\n\n{text}',
    "boilerplate": lambda text: f"好的，以下是翻译结果：\n\n{text}\n\n希望以上内容对您有所帮助！",
    "half-json": lambda text: text[: len(text) * 2 // 3],
    "english": english,
    "empty": lambda text: "",
    "blank": lambda text: " \n ",
    "only-thoughts": lambda text: "<think>我需要想一想",
    "missing-mask": missing_mask,
    "duplicate-mask": duplicate_mask,
    "wrong-number": wrong_number,
    "dropped-sentence": dropped_sentence,
    "other-paper": other_paper,
    "extra-keys": extra_keys,
    "refusal-text": lambda text: "抱歉，我无法协助完成这一请求。",
}

# status, error object, headers
STATUSES: dict[str, tuple[int, dict[str, Any], dict[str, str]]] = {
    "insufficient-quota": (
        429,
        {
            "message": "You exceeded your current quota",
            "type": "insufficient_quota",
            "code": "insufficient_quota",
        },
        {},
    ),
    "no-balance-402": (
        402,
        {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"},
        {},
    ),
    "bad-key-401": (401, {"message": "Incorrect API key provided", "code": "invalid_api_key"}, {}),
    "forbidden-403": (403, {"message": "Country, region, or territory not supported"}, {}),
    "unknown-model-404": (404, {"message": "The model `x` does not exist", "code": "model_not_found"}, {}),
    "unknown-model-400": (400, {"message": "Model Not Exist", "type": "invalid_request_error"}, {}),
    "rate-429": (429, {"message": "Rate limit reached", "code": "rate_limit_exceeded"}, {"Retry-After": "2"}),
    "rate-429-bare": (429, {"message": "Too many requests"}, {}),
    "retry-after-300": (429, {"message": "Rate limit reached"}, {"Retry-After": "300"}),
    "retry-after-date": (
        503,
        {"message": "overloaded"},
        {"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "Retry-After": "Sun, 22 Nov 2026 10:01:30 GMT"},
    ),
    "content-exists-risk": (400, {"message": "Content Exists Risk", "type": "invalid_request_error"}, {}),
    "content-policy-400": (400, {"message": "The response was filtered", "code": "content_filter"}, {}),
    "context-length-400": (
        400,
        {"message": "This model's maximum context length is 8192 tokens", "code": "context_length_exceeded"},
        {},
    ),
    "bad-request-400": (400, {"message": "Something is off"}, {}),
    "error-500": (500, {"message": "The server had an error"}, {}),
    "error-503": (503, {"message": "The engine is currently overloaded"}, {"Retry-After": "7"}),
    "timeout-504": (504, {"message": "upstream timed out"}, {}),
}

# A request field that the server will not have -> what it says about it.
REJECTIONS: dict[str, tuple[str, str]] = {
    "no-response-format": ("response_format", "This response_format type is unavailable now"),
    "no-stream-options": ("stream_options", "Unknown parameter: 'stream_options'"),
    "no-temperature": (
        "temperature",
        "Unsupported value: 'temperature' does not support 0.2 with this model",
    ),
    "no-max-tokens": (
        "max_tokens",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    ),
    "small-max-tokens": (
        "max_tokens",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 1024]",
    ),
}

FINISHES = {
    "length": "length",
    "content-filter": "content_filter",
    "unknown-finish": "insufficient_system_resource",
    "odd-finish": "eos",
}


PIECES = re.compile(r"[A-Za-z]{1,6}|\d{1,3}|[^\w\s]|\w")  # about a token each


class Handler(BaseHTTPRequestHandler):
    """Serves /v1/chat/completions, /v1/models, /_control and /_calls for `server.fake`."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self._json(200, {"object": "list", "data": [{"id": "fake", "object": "model"}]})
        elif self.path == "/_calls":
            self._json(200, self.server.fake.counts())
        else:
            self._unexpected()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/_control":
            self._control(body)
        elif self.path == "/v1/chat/completions":
            self._chat(body)
        else:
            self._unexpected()

    def _control(self, body: bytes) -> None:
        try:
            self.server.fake.control(json.loads(body))
            self._json(200, {"ok": True})
        except (ValueError, TypeError) as error:
            self._json(400, {"error": {"message": str(error)}})

    def _chat(self, body: bytes) -> None:
        try:
            self.request_body = json.loads(body)
            self.call = self.server.fake.begin(self.request_body)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            self._unexpected(f"{error!r}: {body[:200]!r}")
            return
        try:
            self._answer(self.call.behaviour)
        except OSError:
            pass  # the client went away, as it may
        finally:
            self.server.fake.finish(self.call)

    def _unexpected(self, what: str = "") -> None:
        self.server.fake.unexpected.append(f"{self.command} {self.path} {what}")
        self._json(400, {"error": {"message": f"the fake knows no such request: {what}"}})

    def _answer(self, behaviour: str) -> None:
        if behaviour in STATUSES:
            status, error, headers = STATUSES[behaviour]
            self._json(status, {"error": error}, headers)
        elif behaviour in REJECTIONS and REJECTIONS[behaviour][0] in self.request_body:
            name, message = REJECTIONS[behaviour]
            self._json(400, {"error": {"message": message, "type": "invalid_request_error", "param": name}})
        elif behaviour in WIRES:
            WIRES[behaviour](self)
        else:
            text = TEXTS.get(behaviour, str)(self._faithful())
            self._think()
            self._reply(text, FINISHES.get(behaviour, "stop"))

    def _think(self) -> None:
        """The model's time; what the fake itself needed is part of it."""
        delay = self.server.fake.settings.delay[self.call.purpose]
        self._pause(max(0.0, delay - (time.monotonic() - self.call.start)) if delay else 0)

    def _pause(self, seconds: float) -> bool:
        """Sleeps, and says whether the fake is still up."""
        return not (self.server.fake.stopping.wait(seconds) if seconds else False)

    def _faithful(self) -> str:
        return str(self.server.fake.answer(self.call))

    # --- what an answer is made of -------------------------------------------------------------------------------

    def _head(self, kind: str, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.close_connection = True
        self.send_response_only(status)
        for name, value in {"Content-Type": kind, "Connection": "close", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def _json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        self._head("application/json", status, {**(headers or {}), "Content-Length": str(len(data))})
        self.wfile.write(data)

    def _event(self, data: Any) -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        self.wfile.write(f"data: {text}\n\n".encode())

    def _choice(self, finish: str | None = None, **part: Any) -> dict[str, Any]:
        streamed = self.request_body.get("stream")
        return {
            "id": "chatcmpl-fake",
            "object": "chat.completion.chunk" if streamed else "chat.completion",
            "created": int(time.time()),
            "model": self.call.model,
            "choices": [{"index": 0, "delta" if streamed else "message": part, "finish_reason": finish}],
        }

    def usage(self, text: str) -> dict[str, Any]:
        prompt = sum(len(PIECES.findall(message["content"])) for message in self.call.messages)
        completion = len(PIECES.findall(text))
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def _reply(
        self, text: str | None, finish: str | None, usage: dict[str, Any] | None = None, **part: Any
    ) -> None:
        usage = self.usage(text or "") if usage is None else usage
        if not self.request_body.get("stream"):
            self.server.fake.finish(self.call)
            self._json(
                200, {**self._choice(finish, role="assistant", content=text, **part), "usage": usage or None}
            )
            return
        self._head("text/event-stream")
        self._stream(text, part)
        self.server.fake.finish(self.call)
        if finish:
            self._event(self._choice(finish))
        if usage and self.request_body.get("stream_options", {}).get("include_usage"):
            self._event({**self._choice(), "choices": [], "usage": usage})
        self._event("[DONE]")

    def _stream(self, text: str | None, part: dict[str, Any]) -> None:
        self._event(self._choice(role="assistant", content=None if text is None else "", **part))
        for piece in pieces(text or ""):
            self._event(self._choice(content=piece))

    # --- exchanges that go wrong ---------------------------------------------------------------------------------

    def trickle(self) -> None:
        """Keep-alive lines for a while (DeepSeek's under load), then the answer."""
        settings = self.server.fake.settings
        streamed = self.request_body.get("stream")
        self._head("text/event-stream" if streamed else "application/json")
        for number in range(round(settings.trickle_for / settings.trickle_every)):
            self.wfile.write(b": keep-alive\n\n" if streamed and number % 2 else b"\n")
            if not self._pause(settings.trickle_every):
                return
        if streamed:
            self._stream(self._faithful(), {})
            self._event(self._choice("stop"))
            self._event("[DONE]")
        else:
            text = self._faithful()
            body = {**self._choice("stop", role="assistant", content=text), "usage": self.usage(text)}
            self.wfile.write(json.dumps(body).encode())

    def trickle_headers(self) -> None:
        settings = self.server.fake.settings
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
        for _ in range(round(settings.trickle_for / settings.trickle_every)):
            self.wfile.write(b"x")
            if not self._pause(settings.trickle_every):
                return

    def silent(self) -> None:
        self.close_connection = True
        self._pause(600)

    def silent_after_start(self) -> None:
        self._head("text/event-stream")
        self._event(self._choice(role="assistant", content="{"))
        self._pause(600)

    def silent_after_end(self) -> None:
        self._head("text/event-stream")
        self._stream(self._faithful(), {})
        self._event(self._choice("stop"))
        self._pause(600)

    def error_200(self) -> None:
        self._json(200, {"error": {"message": "Internal error", "type": "server_error", "code": None}})

    def error_in_stream(self) -> None:
        self._head("text/event-stream")
        self._stream(self._faithful()[:40], {})
        self._event({"error": {"message": "The server is overloaded", "code": 502}})

    def html_200(self) -> None:
        self._head("text/html")
        self.wfile.write(b"<!doctype html>\n<html><body>502 Bad Gateway</body></html>\n")

    def html_stream(self) -> None:
        self._head("text/event-stream")
        self.wfile.write(b"<html>\n<body>Please sign in</body></html>\n")

    def empty_choices(self) -> None:
        self._json(200, {**self._choice(), "choices": [], "usage": self.usage("")})

    def null_choices(self) -> None:
        self._head("text/event-stream")
        self._event({**self._choice(), "choices": None})
        self._event("[DONE]")

    def broken_json(self) -> None:
        if not self.request_body.get("stream"):
            self._head("application/json")
            self.wfile.write(b'{"id": "chatcmpl-fake", "choices": [{"mess')
            return
        self._head("text/event-stream")
        self._stream(self._faithful()[:40], {})
        self._event('{"id": "chatcmpl-fake", "choices": [{"del')
        self._event("[DONE]")

    def cut_stream(self) -> None:
        """The connection ends, politely, in the middle of the text."""
        text = self._faithful()
        self._head("text/event-stream")
        self._stream(text[: len(text) // 2], {})

    def reset(self) -> None:
        self._head("text/event-stream")
        self._event(self._choice(role="assistant", content="{"))
        self._abort()

    def reset_at_once(self) -> None:
        self._abort()

    def _abort(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def refusal(self) -> None:
        self._reply(None, "stop", refusal="I'm sorry, but I can't help with that.")

    def none_content(self) -> None:
        self._reply(None, "stop")

    def no_usage(self) -> None:
        self._think()
        self._reply(self._faithful(), "stop", usage={})

    def cached(self) -> None:
        text = self._faithful()
        usage = self.usage(text)
        self._reply(
            text,
            "stop",
            usage={**usage, "prompt_tokens_details": {"cached_tokens": usage["prompt_tokens"] // 2}},
        )

    def prompt_cut(self) -> None:
        """Only the last 4,096 tokens were read; the answer is about them alone."""
        last = self.call.messages[-1]
        self.call.messages = [*self.call.messages[:-1], {**last, "content": last["content"][-12_000:]}]
        text = self._faithful()
        self._reply(text, "stop", usage={**self.usage(text), "prompt_tokens": 4096})

    def window_full(self) -> None:
        """As Ollama does it: prompt and reply together are exactly the window."""
        text = self._faithful()
        count = self.usage(text)["completion_tokens"]
        self._reply(
            text,
            "stop",
            usage={"prompt_tokens": 4096 - count, "completion_tokens": count, "total_tokens": 4096},
        )

    def limit_as_stop(self) -> None:
        """The limit was hit, and the server says stop."""
        text = self._faithful()
        limit = self.request_body.get("max_tokens") or 1
        self._reply(text[: len(text) // 2], "stop", usage={**self.usage(text), "completion_tokens": limit})

    def runaway(self) -> None:
        """A server that dropped max_tokens and never ends."""
        self._head("text/event-stream")
        while self._pause(0):
            self._event(self._choice(content="语" * 2000))

    def not_streamed(self) -> None:
        """A server that ignores `stream`."""
        self.request_body["stream"] = False
        self._reply(self._faithful(), "stop")

    def line_separator(self) -> None:
        """U+2028 inside a chunk, unescaped: a line to str.splitlines, not to the protocol."""
        self._reply(self._faithful() + "\u2028", "stop")


WIRES: dict[str, Callable[[Handler], None]] = {
    name.replace("_", "-"): getattr(Handler, name)
    for name in re.findall(
        r"\w+",
        "trickle trickle_headers silent silent_after_start silent_after_end error_200 error_in_stream html_200 html_stream "
        "empty_choices null_choices broken_json cut_stream reset reset_at_once refusal none_content no_usage cached "
        "prompt_cut window_full limit_as_stop runaway not_streamed line_separator",
    )
}

FAULTS = frozenset({*TEXTS, *STATUSES, *REJECTIONS, *FINISHES, *WIRES})


def pieces(text: str) -> Iterable[str]:
    size = max(1, -(-len(text) // STREAM_PIECES))
    return [text[start : start + size] for start in range(0, len(text), size)]
