"""Client of an OpenAI-compatible model server: one call, one bill, a whole text or an error that says what to do.

The SDK's retries are off (each is a second bill) and so are kept-alive connections (an idle one that the server has
closed would count as a failed attempt, and one shared over a fork would mix two replies).
https://platform.openai.com/docs/api-reference/chat/create
"""

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from papers.llm.deadline import Deadline, watch
from papers.llm.errors import ModelError, kind_of, wait_from
from papers.llm.reply import Reply, without_thoughts
from papers.llm.sdk import httpx2, openai
from papers.llm.tokens import estimate_tokens

__all__ = ["Completion", "Model", "ModelError", "estimate_tokens", "without_thoughts"]

CONNECT_TIMEOUT = 10.0  # seconds

_JSON_MODE = re.compile(r"response_format|json[_ ](?:object|mode)", re.IGNORECASE)
_OWN_LIMIT = re.compile(
    r"max_tokens is too large|invalid max_tokens|at most \d+ completion tokens", re.IGNORECASE
)


@dataclass(frozen=True)
class Completion:
    """A whole reply. `text` is free of <think> parts; `estimated` says that the server reported no token counts."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    finish_reason: str
    model: str
    seconds: float
    estimated: bool = False


class Model:
    """One model server. Safe to share between threads, and over a fork: each process makes its own client.

    base_url      address up to and with /v1
    deadline      seconds one call may take in all
    read_timeout  seconds without a single byte after which the server counts as gone
    """

    def __init__(
        self, *, base_url: str, api_key: str, deadline: float = 300, read_timeout: float = 60
    ) -> None:
        self.base_url = base_url
        self.deadline = deadline
        self.read_timeout = read_timeout
        self._api_key = api_key or "none"  # local servers want no key, HTTP no empty one
        self._client: openai.OpenAI | None = None
        self._pid = 0
        self._lock = threading.Lock()
        self._rejected: dict[
            str, tuple[str, ...]
        ] = {}  # model -> request fields that its server will not have

    def complete(
        self,
        *,
        model: str,
        messages: Sequence[Mapping[str, str]],
        json_reply: bool,
        max_tokens: int,
        temperature: float,
        deadline: float | None = None,
    ) -> Completion:
        """The model's whole answer, or ModelError.

        One paid call. A field that the server rejects is left out and remembered: a rejected request costs nothing.
        """
        started = time.monotonic()
        request = _request(model, messages, json_reply, max_tokens, temperature)
        prompt = estimate_tokens("\n".join(message["content"] for message in messages))
        with Deadline(deadline or self.deadline) as limit:
            reply = self._ask(request, Reply(prompt, max_tokens), limit)
        reply.check()
        return _completion(reply, model, time.monotonic() - started)

    def _ask(self, request: dict[str, Any], reply: Reply, limit: Deadline) -> Reply:
        while True:
            fields = _without(request, self._rejected.get(request["model"], ()))
            try:
                self._exchange(fields, reply, limit)
                return reply
            except openai.APIStatusError as error:
                rejected = _rejected_fields(error, fields)
                if not rejected:
                    raise _status_error(error) from error
                self._reject(request["model"], rejected)

    def _reject(self, model: str, names: Sequence[str]) -> None:
        with self._lock:
            self._rejected[model] = (*self._rejected.get(model, ()), *names)

    def _exchange(self, fields: dict[str, Any], reply: Reply, limit: Deadline) -> None:
        create = self._open().chat.completions.with_streaming_response.create
        timeout = httpx2.Timeout(min(self.read_timeout, limit.seconds), connect=CONNECT_TIMEOUT)
        try:
            with create(**fields, timeout=timeout) as response:
                reply.read(_until(limit, response.http_response.iter_bytes(), reply))
        except (openai.APIConnectionError, httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            # What broke after the end of the reply (no [DONE], a reset) takes nothing away from it.
            if reply.finish_reason is None:
                raise _broken(error, reply, limit) from error

    def _open(self) -> "openai.OpenAI":
        with self._lock:
            if self._client is None or self._pid != os.getpid():
                self._client, self._pid = self._make_client(), os.getpid()
            return self._client

    def _make_client(self) -> "openai.OpenAI":
        http = httpx2.Client(
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            event_hooks={"request": [watch]},
            follow_redirects=True,
        )
        return openai.OpenAI(api_key=self._api_key, base_url=self.base_url, max_retries=0, http_client=http)


def _request(
    model: str, messages: Sequence[Mapping[str, str]], json_reply: bool, max_tokens: int, temperature: float
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "model": model,
        "messages": list(messages),
        "max_tokens": max_tokens,
        "temperature": temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if json_reply:
        request["response_format"] = {"type": "json_object"}
    return request


def _without(request: dict[str, Any], rejected: Sequence[str]) -> dict[str, Any]:
    fields = {name: value for name, value in request.items() if name not in rejected}
    if "max_tokens" in rejected and "max_completion_tokens" not in rejected:
        fields["max_completion_tokens"] = request["max_tokens"]
    return fields


def _rejected_fields(error: "openai.APIStatusError", fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The optional fields of our request that a 400 is about, if it is about any."""
    text = error.response.text
    if error.status_code not in (400, 422) or kind_of(error.status_code, text) in ("too_long", "refused"):
        return ()
    if "max_tokens" in fields and "max_completion_tokens" in text:
        return ("max_tokens",)
    if fields.keys() & {"max_tokens", "max_completion_tokens"} and _OWN_LIMIT.search(text):
        return ("max_tokens", "max_completion_tokens")
    if "response_format" in fields and _JSON_MODE.search(text):
        return ("response_format",)
    return tuple(name for name in ("stream_options", "temperature") if name in fields and name in text)[:1]


def _status_error(error: "openai.APIStatusError") -> ModelError:
    text = error.response.text
    message = f"HTTP {error.status_code}: {error.message}"[:500]
    return ModelError(
        kind_of(error.status_code, text),
        message,
        retry_after=wait_from(error.response.headers),
        raw=text,
        prompt_tokens=0,
        completion_tokens=0,
    )


def _until(limit: Deadline, chunks: Iterator[bytes], reply: Reply) -> Iterator[bytes]:
    for chunk in chunks:
        if limit.passed:
            break
        yield chunk
    # A body without a length that we cut ourselves ends like a whole one.
    if limit.passed and reply.finish_reason is None:
        raise _too_late(reply, limit)


def _too_late(reply: Reply, limit: Deadline) -> ModelError:
    return reply.error("timeout", f"no whole reply within {limit.seconds:g} s")


def _broken(error: Exception, reply: Reply, limit: Deadline) -> ModelError:
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    if limit.passed:
        return _too_late(reply, limit)
    if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout)):
        return reply.error("unreachable", f"no connection: {cause}")
    if isinstance(cause, httpx2.TimeoutException):
        return reply.error("timeout", "the server fell silent")
    if reply.has_choices or reply.lines:
        return reply.error("busy", f"the reply was cut: {cause}")
    return reply.error("unreachable", f"the connection broke: {cause}")


def _completion(reply: Reply, model: str, seconds: float) -> Completion:
    prompt, completion = reply.tokens()
    return Completion(
        text=without_thoughts(reply.text),
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=reply.cached_tokens(),
        finish_reason=reply.finish_reason or "",
        model=reply.model or model,
        seconds=seconds,
        estimated=not reply.reports_usage,
    )
