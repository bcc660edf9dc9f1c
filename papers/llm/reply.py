"""A reply as it comes in, and the judgement whether it is whole.

Read by us, line by line: the SDK's own stream ends a reply that was cut as if it were complete, and builds an object
per chunk. The format: https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from papers.llm.errors import ModelError, from_error_object
from papers.llm.tokens import estimate_tokens, prompt_was_cut

CHARS_PER_TOKEN = 16  # a text longer than max_tokens × this has lost its limit on the way
MOST_TOKENS = 100_000_000  # no call has as many; a price made of more would not fit its column
LINES_KEPT = 200  # as evidence, while no text has come
# Only at the start: papers about reasoning models speak of `<think>` tags. Some chat templates open the block in the
# prompt, so that only its end reaches us.
_THOUGHTS = re.compile(
    r"\A(?:<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)|(?:(?!<think).)*?(?<!`)</think(?:ing)?>(?!`))",
    re.DOTALL | re.IGNORECASE,
)


def without_thoughts(text: str) -> str:
    """The text without the <think>…</think> it begins with; an unclosed one hides everything after it."""
    return _THOUGHTS.sub("", text.lstrip(), count=1).strip()


# A server may send anything under the names we know: what is not of the kind we expect was not said.


def fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def words(value: Any) -> str:
    """A string, or the texts of content that comes in parts."""
    if isinstance(value, list):
        return "".join(words(fields(part).get("text")) for part in value)
    return value if isinstance(value, str) else ""


def count(value: Any) -> int:
    """A number of tokens, 0 for what can be none."""
    return int(value) if isinstance(value, (int, float)) and 0 < value < MOST_TOKENS else 0


@dataclass
class Reply:
    """What has come of a reply so far."""

    prompt_estimate: int
    max_tokens: int
    text: str = ""
    finish_reason: str | None = None
    model: str = ""
    refusal: str = ""
    has_choices: bool = False
    done: bool = False
    usage: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def read(self, chunks: Iterable[bytes]) -> None:
        """Takes a body, streamed or not: servers ignore `stream`, or label an error page as an event stream."""
        for line in _lines(chunks):
            self._take_line(line)
            if self.done:
                return
            if len(self.text) > self.max_tokens * CHARS_PER_TOKEN:
                raise self.error("too_long", f"the reply runs on after {self.max_tokens} tokens")
        if self.lines and not self.has_choices and not self.usage:
            self._take_whole("\n".join(self.lines))

    def _take_line(self, line: str) -> None:
        if line.startswith("data:"):
            self._take_data(line[5:].strip())
        elif not line.startswith(":") and line.strip() and len(self.lines) < LINES_KEPT:
            self.lines.append(line)

    def _take_data(self, data: str) -> None:
        if data == "[DONE]":
            self.done = True
        elif data:
            self._take(self._parse(data), "delta")

    def _take_whole(self, body: str) -> None:
        self._take(self._parse(body), "message")

    def _parse(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self.error(
                "bad_reply", f"the reply is not JSON: {text[:80]}", raw=self.text + text
            ) from error

    def _take(self, chunk: Any, key: str) -> None:
        """Adds a streamed chunk (`key` delta) or a whole completion (`key` message)."""
        if not isinstance(chunk, dict):
            raise self.error("bad_reply", "the reply is not a JSON object")
        if chunk.get("error"):
            raise from_error_object(chunk["error"], self.text or json.dumps(chunk), **self.billed())
        self.model = words(chunk.get("model")) or self.model
        self.usage = fields(chunk.get("usage")) or self.usage
        choices = chunk.get("choices")
        for choice in choices[:1] if isinstance(choices, list) else ():
            self._take_choice(fields(choice), fields(fields(choice).get(key)))

    def _take_choice(self, choice: Mapping[str, Any], part: Mapping[str, Any]) -> None:
        self.has_choices = True
        self.text += words(part.get("content"))
        self.refusal += words(part.get("refusal"))
        self.finish_reason = words(choice.get("finish_reason")) or self.finish_reason

    @property
    def reports_usage(self) -> bool:
        return count(self.usage.get("prompt_tokens")) > 0

    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens, reported or else estimated."""
        if self.reports_usage:
            return count(self.usage["prompt_tokens"]), count(self.usage.get("completion_tokens"))
        return self.prompt_estimate, estimate_tokens(self.text)

    def cached_tokens(self) -> int:
        details = fields(self.usage.get("prompt_tokens_details"))
        return count(details.get("cached_tokens")) or count(self.usage.get("prompt_cache_hit_tokens"))

    def billed(self) -> dict[str, Any]:
        """What a ModelError says of the bill: it is unknown while neither counts nor text have come."""
        if not (self.reports_usage or self.text):
            return {}
        prompt, completion = self.tokens()
        return {"prompt_tokens": prompt, "completion_tokens": completion, "estimated": not self.reports_usage}

    def error(self, kind: str, message: str, raw: str = "") -> ModelError:
        return ModelError(kind, message, raw=raw or self.text or "\n".join(self.lines), **self.billed())

    def check(self) -> None:
        """Raises unless the reply is whole, was wanted by its server, and answers the whole prompt."""
        if self.refusal or self.finish_reason == "content_filter":
            raise self.error("refused", self.refusal or "the server's content filter stopped the reply")
        if self.finish_reason == "length":
            raise self.error("too_long", f"the reply was cut at {self.max_tokens} tokens")
        if self.finish_reason != "stop":
            raise self._unfinished()
        if not without_thoughts(self.text):
            raise self.error("empty", "the reply is empty")
        if self.reports_usage:
            self._check_counts(*self.tokens())

    def _unfinished(self) -> ModelError:
        if self.finish_reason == "insufficient_system_resource":
            return self.error("busy", "the server ran out of resources")
        if self.finish_reason:
            return self.error("bad_reply", f"the reply ended with {self.finish_reason}")
        if self.usage and not self.has_choices:
            return self.error("bad_reply", "the reply has no choices")
        return self.error("busy", "the stream ended before the reply did")

    def _check_counts(self, prompt: int, completion: int) -> None:
        # Some servers say "stop" when they ran into the limit.
        if completion >= self.max_tokens:
            raise self.error("too_long", f"the reply used all of its {self.max_tokens} tokens")
        if prompt_was_cut(prompt, completion, self.prompt_estimate):
            raise self.error(
                "too_long", f"the server read {prompt} tokens of a prompt of about {self.prompt_estimate}"
            )


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    # Not str.splitlines: a line separator (U+2028) inside a JSON string is no end of a line.
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace").rstrip("\r") for line in whole)
    yield rest.decode("utf-8", "replace")
