"""What a model server can do to us, sorted by the one question that matters: can trying again help?"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

RETRYABLE = frozenset({"busy", "timeout", "unreachable", "empty", "bad_reply"})
PERMANENT = frozenset({"refused", "too_long"})
HALTING = frozenset({"bad_key", "no_balance", "unknown_model"})

RAW_LIMIT = 20_000  # characters of a server's answer worth keeping for the person who looks into it


class ModelError(Exception):
    """A call that brought no usable text.

    kind         retryable: busy, timeout, unreachable, empty, bad_reply;
                 permanent for this text: refused, too_long;
                 permanent for everybody: bad_key, no_balance, unknown_model
    retry_after  seconds the server asked us to wait, None when it did not say
    raw          what the server sent, as far as it came
    prompt_tokens, completion_tokens
                 what was billed all the same, by the server's count or (estimated) by what came of the reply;
                 0 when it was nothing, None when only the server knows
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        retry_after: float | None = None,
        raw: str = "",
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        estimated: bool = False,
    ) -> None:
        if kind not in RETRYABLE | PERMANENT | HALTING:
            raise ValueError(f"unknown kind of model error: {kind}")
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after
        self.raw = raw[:RAW_LIMIT]
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.estimated = estimated

    @property
    def retryable(self) -> bool:
        return self.kind in RETRYABLE

    @property
    def halts(self) -> bool:
        """True when every other call would fail in the same way until a person acts."""
        return self.kind in HALTING


# Servers agree on status codes only roughly, so their words are read first. Order matters: a refusal
# may mention a "policy", an exhausted quota comes as 429, and a prompt that is too long may mention "max_tokens".
WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "no_balance",
        re.compile(
            r"insufficient[_ ](?:quota|balance|credit|funds|user[_ ]quota)|exceeded your current quota|arrearage"
            r"|billing[_ ](?:hard[_ ])?(?:limit|not)|payment required|余额不足|欠费",
            re.IGNORECASE,
        ),
    ),
    (
        "refused",
        re.compile(
            r"content exists risk|content[_ ](?:filter|policy|management)|data[_ ]?inspection[_ ]?failed"
            r"|inappropriate content|responsible ?ai ?policy|moderation|flagged|敏感|违规",
            re.IGNORECASE,
        ),
    ),
    (
        "too_long",
        re.compile(
            r"context[_ ](?:length|window|size)|(?:prompt|input|request) (?:is )?too (?:long|large)"
            r"|maximum (?:context|prompt|input)|max_model_len|string_above_max_length|too many tokens|上下文长度",
            re.IGNORECASE,
        ),
    ),
    (
        "unknown_model",
        re.compile(
            r"model[_ ]not[_ ](?:found|exist)|model .{0,80}(?:does not exist|not exist|not found|not supported"
            r"|deprecated|decommissioned)|no such model|invalid model",
            re.IGNORECASE,
        ),
    ),
    (
        "bad_key",
        re.compile(r"invalid[_ ]api[_ ]?key|incorrect api key|authentication (?:fails|failed|error)", re.I),
    ),
    (
        "busy",
        re.compile(
            r"insufficient_system_resource|overloaded|rate[_ ]limit|server is busy|too many requests", re.I
        ),
    ),
)

BY_STATUS = {
    401: "bad_key",
    402: "no_balance",
    403: "bad_key",
    404: "unknown_model",
    408: "busy",
    409: "busy",
    413: "too_long",
    425: "busy",
    429: "busy",
}


def kind_of(status: int | None, text: str) -> str:
    """The kind of a failure from the HTTP status (None inside a stream) and the server's own words."""
    if status is not None and status >= 500:
        return "busy"
    for kind, words in WORDS:
        if words.search(text):
            return kind
    # A 400 we do not understand is tried again a few times: it must not throw a paper away for good.
    return BY_STATUS.get(status or 0, "bad_reply")


def from_error_object(error: Any, raw: str, **billed: Any) -> ModelError:
    """The error a server sent as JSON under status 200, whole or in the middle of a stream."""
    fields: Mapping[str, Any] = error if isinstance(error, Mapping) else {"message": error}
    code = str(fields.get("code") or "")
    status = int(code) if re.fullmatch(r"[45]\d\d", code) else None
    message = str(fields.get("message") or "the server reported an error")
    return ModelError(kind_of(status, f"{code} {fields.get('type')} {message}"), message, raw=raw, **billed)


def wait_from(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `Retry-After` (seconds or an HTTP date) or `retry-after-ms`.

    A date is measured against the answer's own `Date`, so the clocks need not agree.
    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None or (seconds := _number(value)) is not None:
        return None if value is None else seconds
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _number(value: str | None) -> float | None:
    return float(value) if value and re.fullmatch(r"\s*\d+(?:\.\d+)?\s*", value) else None
