import json
import multiprocessing
import threading
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from papers.llm import Completion, Model, ModelError, estimate_tokens, without_thoughts
from papers.llm.errors import kind_of, wait_from
from papers.llm.tokens import prompt_was_cut
from tests.fakes.model import FakeModel

SOURCE = {
    "title": "A small model for speech",
    "abstract": "We propose SmallTTS, a model of 12.5M parameters. It reaches a WER of 3.2% on LibriSpeech.",
}
LONG_TEXT = "A long paper. " + "The encoder maps frames to tokens and the decoder reads them again. " * 700


@pytest.fixture
def fake(server: FakeModel) -> Iterator[FakeModel]:
    """The module's one server, as good as new."""
    server.forget()
    yield server
    assert server.unexpected == []


shared = cache(Model)  # making a client costs more than a call


def model_for(fake: FakeModel, **options: Any) -> Model:
    return Model(base_url=fake.base_url, api_key="key", **{"deadline": 10, "read_timeout": 5, **options})


def ask(model: Model, name: str = "m", *, user: str | None = None, **options: Any) -> Completion:
    user = json.dumps(SOURCE) if user is None else user
    messages = [{"role": "system", "content": "翻译"}, {"role": "user", "content": user}]
    options = {"json_reply": True, "max_tokens": 4000, "temperature": 0.2, **options}
    return model.complete(model=name, messages=messages, **options)


def failure(fake: FakeModel, behaviour: str, *, user: str | None = None, **options: Any) -> ModelError:
    model = shared(base_url=fake.base_url, api_key="key", **{"deadline": 10, "read_timeout": 5, **options})
    with pytest.raises(ModelError) as caught:
        ask(model, f"fault:{behaviour}", user=user)
    return caught.value


def test_a_good_reply_comes_whole_with_its_bill(fake: FakeModel) -> None:
    completion = ask(model_for(fake))
    assert set(json.loads(completion.text)) == {"title", "abstract"}
    assert completion.finish_reason == "stop"
    assert completion.model == "m"
    assert completion.prompt_tokens > 20 and completion.completion_tokens > 20
    assert not completion.estimated
    assert 0 < completion.seconds < 5


def test_the_request_says_what_we_want(fake: FakeModel) -> None:
    ask(model_for(fake))
    assert [message["role"] for message in fake.calls[0].messages] == ["system", "user"]
    assert json.loads(fake.calls[0].messages[-1]["content"]) == SOURCE


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        ("error-200", "bad_reply"),
        ("html-200", "bad_reply"),
        ("html-stream", "bad_reply"),
        ("empty-choices", "bad_reply"),
        ("null-choices", "busy"),
        ("broken-json", "bad_reply"),
        ("odd-finish", "bad_reply"),
        ("bad-request-400", "bad_reply"),
        ("insufficient-quota", "no_balance"),
        ("no-balance-402", "no_balance"),
        ("bad-key-401", "bad_key"),
        ("forbidden-403", "bad_key"),
        ("unknown-model-404", "unknown_model"),
        ("unknown-model-400", "unknown_model"),
        ("rate-429", "busy"),
        ("error-500", "busy"),
        ("error-503", "busy"),
        ("timeout-504", "busy"),
        ("error-in-stream", "busy"),
        ("cut-stream", "busy"),
        ("reset", "busy"),
        ("unknown-finish", "busy"),
        ("reset-at-once", "unreachable"),
        ("length", "too_long"),
        ("limit-as-stop", "too_long"),
        ("runaway", "too_long"),
        ("context-length-400", "too_long"),
        ("content-filter", "refused"),
        ("content-exists-risk", "refused"),
        ("content-policy-400", "refused"),
        ("refusal", "refused"),
        ("none-content", "empty"),
        ("empty", "empty"),
        ("blank", "empty"),
        ("only-thoughts", "empty"),
    ],
)
def test_each_failure_has_its_kind_and_is_asked_once(fake: FakeModel, behaviour: str, kind: str) -> None:
    error = failure(fake, behaviour)
    assert error.kind == kind, error
    assert fake.hits == 1


@pytest.mark.parametrize(
    ("kind", "retryable", "halts"),
    [
        ("busy", True, False),
        ("timeout", True, False),
        ("unreachable", True, False),
        ("empty", True, False),
        ("bad_reply", True, False),
        ("refused", False, False),
        ("too_long", False, False),
        ("bad_key", False, True),
        ("no_balance", False, True),
        ("unknown_model", False, True),
    ],
)
def test_a_kind_says_whether_a_retry_can_help(kind: str, retryable: bool, halts: bool) -> None:
    error = ModelError(kind, "")
    assert (error.retryable, error.halts) == (retryable, halts)


def test_an_error_of_an_unknown_kind_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        ModelError("bussy", "")


def test_keep_alive_lines_are_waited_for(fake: FakeModel) -> None:
    fake.control({"trickle_every": 0.02, "trickle_for": 0.2})
    completion = ask(model_for(fake, read_timeout=0.5), "fault:trickle")
    assert completion.seconds >= 0.2
    assert completion.text.startswith("{")


@pytest.mark.parametrize("behaviour", ["trickle", "trickle-headers"])
def test_a_trickling_server_does_not_outlive_the_deadline(fake: FakeModel, behaviour: str) -> None:
    fake.control({"trickle_every": 0.02, "trickle_for": 30})
    started = time.monotonic()
    assert failure(fake, behaviour, deadline=0.3).kind == "timeout"
    assert time.monotonic() - started < 1.5


def test_a_call_may_have_a_shorter_deadline_than_its_client(fake: FakeModel) -> None:
    fake.control({"trickle_every": 0.02, "trickle_for": 30})
    with pytest.raises(ModelError) as caught:
        ask(model_for(fake), "fault:trickle", deadline=0.2)
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize("behaviour", ["silent", "silent-after-start"])
def test_a_silent_server_is_given_up_after_the_read_timeout(fake: FakeModel, behaviour: str) -> None:
    started = time.monotonic()
    assert failure(fake, behaviour, read_timeout=0.2).kind == "timeout"
    assert time.monotonic() - started < 2
    assert fake.hits == 1


def test_silence_after_the_end_of_a_reply_takes_nothing_away(fake: FakeModel) -> None:
    completion = ask(model_for(fake, read_timeout=0.2), "fault:silent-after-end")
    assert json.loads(completion.text)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with FakeModel() as gone:
        pass
    with pytest.raises(ModelError) as caught:
        ask(model_for(gone))
    assert caught.value.kind == "unreachable"


@pytest.mark.parametrize(
    ("behaviour", "seconds"),
    [
        ("rate-429", 2),
        ("retry-after-300", 300),
        ("error-503", 7),
        ("retry-after-date", 90),
        ("rate-429-bare", None),
    ],
)
def test_the_wait_a_server_asks_for_is_passed_on(
    fake: FakeModel, behaviour: str, seconds: float | None
) -> None:
    assert failure(fake, behaviour).retry_after == seconds


def test_milliseconds_count_and_nonsense_does_not() -> None:
    assert wait_from({"retry-after-ms": "1500"}) == 1.5
    assert wait_from({"retry-after": "soon"}) is None


@pytest.mark.parametrize(
    ("behaviour", "field", "needle"),
    [
        ("no-response-format", "response_format", None),
        ("no-stream-options", "stream_options", None),
        ("no-temperature", "temperature", None),
        ("no-max-tokens", "max_tokens", "max_completion_tokens"),
        ("small-max-tokens", "max_tokens", None),
    ],
)
def test_a_field_the_server_rejects_is_left_out_and_remembered(
    fake: FakeModel, behaviour: str, field: str, needle: str | None
) -> None:
    model = model_for(fake)
    assert json.loads(ask(model, f"fault:{behaviour}").text)
    assert fake.hits == 2
    assert field in fake.calls[0].fields and field not in fake.calls[1].fields
    assert needle is None or needle in fake.calls[1].fields
    ask(model, f"fault:{behaviour}")
    assert fake.hits == 3


def test_what_one_model_rejects_is_still_sent_to_another(fake: FakeModel) -> None:
    model = model_for(fake)
    ask(model, "fault:no-response-format")
    ask(model, "other")
    assert "response_format" in fake.calls[-1].fields


def test_markdown_replies_are_not_asked_for_as_json(fake: FakeModel) -> None:
    ask(model_for(fake), json_reply=False)
    assert "response_format" not in fake.calls[0].fields


def test_a_server_without_counts_is_estimated_and_marked(fake: FakeModel) -> None:
    completion = ask(model_for(fake), "fault:no-usage")
    assert completion.estimated
    assert completion.prompt_tokens > 20 and completion.completion_tokens > 10


def test_cached_tokens_are_reported(fake: FakeModel) -> None:
    assert ask(model_for(fake), "fault:cached").cached_tokens > 0


def test_a_server_that_ignores_streaming_is_understood(fake: FakeModel) -> None:
    completion = ask(model_for(fake), "fault:not-streamed")
    assert json.loads(completion.text)
    assert completion.prompt_tokens and not completion.estimated


def test_thoughts_are_no_part_of_the_text(fake: FakeModel) -> None:
    assert json.loads(ask(model_for(fake), "fault:think").text)
    assert without_thoughts("想一想</think>\n正文") == "正文"
    assert without_thoughts("<think>一</think>正文") == "正文"


@pytest.mark.parametrize(
    "text", ["输出包含`<think>`与`</think>`标签。", "只用`</think>`收尾。", "先<think>再</think>后"]
)
def test_a_text_about_think_tags_is_left_whole(text: str) -> None:
    assert without_thoughts(text) == text


def test_a_line_separator_in_a_chunk_breaks_nothing(fake: FakeModel) -> None:
    assert json.loads(ask(model_for(fake), "fault:line-separator").text)


@pytest.mark.parametrize("behaviour", ["prompt-cut", "window-full"])
def test_a_prompt_that_was_cut_silently_is_an_error_that_was_billed(fake: FakeModel, behaviour: str) -> None:
    error = failure(fake, behaviour, user=LONG_TEXT)
    assert error.kind == "too_long"
    assert error.prompt_tokens and 3000 < error.prompt_tokens <= 4096
    assert error.completion_tokens


def test_a_long_prompt_that_was_read_whole_is_fine(fake: FakeModel) -> None:
    assert ask(model_for(fake), user=LONG_TEXT, json_reply=False).prompt_tokens > 8000


def test_counts_that_stick_at_a_window_give_the_cut_away() -> None:
    assert prompt_was_cut(4096, 700, 6000)
    assert prompt_was_cut(3500, 596, 6000)
    assert not prompt_was_cut(4097, 700, 6000)
    assert not prompt_was_cut(4096, 700, 4100)
    assert not prompt_was_cut(300, 100, 1400)


def test_a_cut_stream_was_paid_for_and_its_text_is_kept_as_evidence(fake: FakeModel) -> None:
    error = failure(fake, "cut-stream")
    assert error.estimated
    assert error.prompt_tokens and error.completion_tokens
    assert error.raw.startswith('{"title"')


def test_what_a_silent_server_bills_is_unknown(fake: FakeModel) -> None:
    error = failure(fake, "silent", read_timeout=0.1)
    assert (error.prompt_tokens, error.completion_tokens) == (None, None)


def test_a_request_that_was_turned_away_cost_nothing(fake: FakeModel) -> None:
    error = failure(fake, "rate-429")
    assert (error.prompt_tokens, error.completion_tokens) == (0, 0)
    assert "Rate limit" in error.raw


def test_a_blocked_reply_tells_what_it_cost(fake: FakeModel) -> None:
    error = failure(fake, "content-filter")
    assert error.prompt_tokens and not error.estimated


def test_calls_of_many_threads_share_one_client_and_do_not_mix(fake: FakeModel) -> None:
    fake.set_delay(0.1)
    model, texts = model_for(fake), {}

    def work(number: int) -> None:
        user = json.dumps({"title": f"Paper {number}", "abstract": f"It has {number} parts."})
        texts[number] = json.loads(ask(model, user=user).text)["abstract"]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert all(str(number) in texts[number] for number in range(16))
    assert fake.most_at_once > 8


def ask_in_child(model: Model, results: Any) -> None:
    results.put(ask(model).finish_reason)


def test_a_client_used_before_a_fork_works_after_it(fake: FakeModel) -> None:
    model = model_for(fake)
    ask(model)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=ask_in_child, args=(model, results))
    child.start()
    assert results.get(timeout=10) == "stop"
    child.join(10)
    assert ask(model).finish_reason == "stop"


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "Access denied, please make sure your account is in good standing. Arrearage", "no_balance"),
        (
            400,
            "<400> InternalError.Algo.DataInspectionFailed: Input data may contain inappropriate content",
            "refused",
        ),
        (400, "max_tokens must be smaller; this model's maximum context length is 4096", "too_long"),
        (403, "Your input was flagged by moderation", "refused"),
        (500, "content_filter module crashed", "busy"),
        (404, "page not found", "unknown_model"),
        (None, "insufficient_system_resource", "busy"),
        (418, "teapot", "bad_reply"),
    ],
)
def test_words_count_more_than_status_codes(status: int | None, text: str, kind: str) -> None:
    assert kind_of(status, text) == kind


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("We propose a lightweight encoder that maps speech to discrete tokens without any labels.", 14, 22),
        ("本文提出一种轻量的编码器，把语音映射为离散词元，无需任何标注。", 16, 34),
        (r"$\mathcal{L} = \sum_{i=1}^{N} \log p(x_i \mid \theta)$", 22, 44),
        ("", 0, 0),
    ],
)
def test_the_estimate_is_about_right_for_english_chinese_and_latex(text: str, low: int, high: int) -> None:
    assert low <= estimate_tokens(text) <= high
