import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from papers import fidelity, prompts
from papers.llm import Model, ModelError
from tests.fakes import sample
from tests.fakes.model import FakeModel, masked_like, unmasked
from tests.fakes.model_faults import FAULTS

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "data" / "corpus" / "bilingual_seed_pairs.jsonl"
TITLE = "WhisperKit: Streaming Recognition on 2 Devices"
ABSTRACT = (
    "We present WhisperKit, a system with 1.6 billion parameters that runs on $N=3$ devices. However, e.g. in noisy "
    "rooms, it reaches a WER of 5.2% (vs. 6.1% for the baseline), 1.3x faster than GPT-4o. Code is available at "
    "https://a.org/whisper-kit."
)


@pytest.fixture
def fake() -> Iterator[FakeModel]:
    with FakeModel() as server:
        yield server


@cache
def client(base_url: str) -> Model:
    return Model(base_url=base_url, api_key="k", deadline=10)


def call(fake: FakeModel, prompt: prompts.Prompt, model: str = "m") -> str:
    return (
        client(fake.base_url)
        .complete(
            model=model,
            messages=prompt.messages,
            json_reply=prompt.json_reply,
            max_tokens=prompt.max_tokens,
            temperature=0.2,
        )
        .text
    )


def translated(
    fake: FakeModel, title: str = TITLE, abstract: str = ABSTRACT, **options: Any
) -> prompts.Translation:
    prompt = prompts.translation(title, abstract, options.pop("terms", ()))
    return prompts.read_translation(call(fake, prompt, **options), prompt)


def post(fake: FakeModel, path: str, body: Any) -> tuple[int, Any]:
    address = fake.base_url.removesuffix("/v1") + path
    try:
        with urllib.request.urlopen(address, json.dumps(body).encode(), 5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def get(fake: FakeModel, path: str) -> Any:
    with urllib.request.urlopen(fake.base_url.removesuffix("/v1") + path, timeout=5) as answer:
        return json.load(answer)


# --- faithful answers ------------------------------------------------------------------------------------------------


def test_a_translation_keeps_what_a_check_looks_for(fake: FakeModel) -> None:
    done = translated(fake)
    assert fidelity.check(ABSTRACT, done.abstract) == []
    assert fidelity.check(TITLE, done.title) == []
    for kept in (
        "WhisperKit",
        "16亿",
        "$N=3$",
        "5.2%",
        "6.1%",
        "1.3x",
        "GPT-4o",
        "https://a.org/whisper-kit",
    ):
        assert kept in done.abstract
    assert done.abstract.count("。") == 3


def test_the_same_question_has_the_same_answer(fake: FakeModel) -> None:
    assert translated(fake) == translated(fake)


def test_offered_terms_are_used(fake: FakeModel) -> None:
    assert "本地设备" in translated(fake, terms=[("devices", "本地设备")]).abstract


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/data is absent")
def test_checks_are_silent_on_the_fakes_translations_of_real_abstracts(fake: FakeModel) -> None:
    loud = []
    for line in CORPUS.read_text(encoding="utf-8").splitlines()[:20]:
        paper = json.loads(line)
        done = translated(fake, paper["title"], paper["abstract"])
        findings = fidelity.check(paper["abstract"], done.abstract)
        loud += [finding for finding in findings if finding.level in ("block", "error", "warning")]
    assert loud == []


def test_a_reading_has_three_parts_and_only_numbers_of_the_text(fake: FakeModel) -> None:
    text = f"{TITLE}\n{ABSTRACT}\nTable 1 reports 7.25 and 81.4 for ConvTasNet."
    reading = prompts.read_reading(call(fake, prompts.reading(text)))
    assert fidelity.check_reading(reading, text) == []
    assert "5.2" in reading and "ConvTasNet" in reading


def test_known_replies_come_first() -> None:
    with FakeModel(replies={TITLE: ("标题", "摘要内容是中文，含有⟦M1⟧与⟦M2⟧。")}) as fake:
        assert translated(fake).title == "标题"
        assert translated(fake, title="Another title of ours").title != "标题"


def test_replies_may_be_a_function() -> None:
    with FakeModel(replies=lambda title, abstract: ("题" * len(title), "中文内容" + abstract[-1])) as fake:
        assert translated(fake, "Nine char", "It is.").title == "题" * 9


# --- the sample edition ----------------------------------------------------------------------------------------------


def test_sample_papers_get_their_stored_texts_with_the_masks_of_the_request() -> None:
    with FakeModel(papers=sample.model_papers()) as fake:
        for paper in sample.model_papers():
            done = translated(fake, paper["title"], paper["abstract"])
            assert done.title == paper["zh_title"]
            assert re.sub(r"\s", "", done.abstract) == re.sub(r"\s", "", paper["zh_abstract"])


def test_sample_readings_are_found_by_the_title_in_the_text() -> None:
    with FakeModel(papers=sample.model_papers()) as fake:
        paper = sample.model_papers()[0]
        text = call(
            fake, prompts.reading("1\n" + paper["title"].replace(" ", "\n", 2) + "\n" + paper["abstract"])
        )
        assert text == paper["zh_reading"].strip()
        assert fake.calls[0].paper == paper["title"]


def test_masks_are_laid_over_a_stored_translation() -> None:
    source, stored = "Let $n$ and $n$ and https://a.org/n be.", "设$n$与$n$及https://a.org/n。"
    masked = "Let ⟦M4⟧ and ⟦M5⟧ and ⟦M6⟧ be."
    assert unmasked(masked, source) == ["$n$", "$n$", "https://a.org/n"]
    assert masked_like(masked, source, stored) == "设⟦M4⟧与⟦M5⟧及⟦M6⟧。"
    assert unmasked("Let ⟦M1⟧ go.", source) is None


# --- behaviours, and who gets them -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("missing-mask", "tokens"),
        ("duplicate-mask", "tokens"),
        ("half-json", "half_json"),
        ("english", "not_chinese"),
        ("refusal-text", "refused"),
        ("other-paper", "tokens"),
    ],
)
def test_a_reply_that_is_no_translation_is_noticed(fake: FakeModel, behaviour: str, reason: str) -> None:
    with pytest.raises(prompts.BadReply) as caught:
        translated(fake, model=f"fault:{behaviour}")
    assert caught.value.reason == reason


@pytest.mark.parametrize("behaviour", ["fenced", "think", "boilerplate"])
def test_wrapping_round_a_reply_does_no_harm(fake: FakeModel, behaviour: str) -> None:
    assert translated(fake, model=f"fault:{behaviour}") == translated(fake)


@pytest.mark.parametrize(
    ("behaviour", "check"), [("wrong-number", "number_changed"), ("dropped-sentence", "number_missing")]
)
def test_a_wrong_translation_passes_the_wire_and_fails_a_check(
    fake: FakeModel, behaviour: str, check: str
) -> None:
    abstract = (
        ABSTRACT.replace("$N=3$ ", "").split(" Code")[0] + " It needs 44.1 kHz audio. It uses 12 microphones."
    )
    done = translated(fake, abstract=abstract, model=f"fault:{behaviour}")
    assert check in {finding.check for finding in fidelity.check(abstract, done.abstract)}


def test_another_papers_translation_is_noticed(fake: FakeModel) -> None:
    abstract = ABSTRACT.replace("$N=3$ ", "").split(" Code")[0]
    done = translated(fake, abstract=abstract, model="fault:other-paper")
    assert "block" in {finding.level for finding in fidelity.check(abstract, done.abstract)}


def test_wrong_numbers_and_lost_parts_of_a_reading_are_noticed(fake: FakeModel) -> None:
    text = f"{TITLE}\n{ABSTRACT}\nTable 1 reports 7.25 and 81.4."
    wrong = prompts.read_reading(call(fake, prompts.reading(text), "fault:wrong-number"))
    assert "7391.5" in fidelity.check_reading(wrong, text)[0].message
    with pytest.raises(prompts.BadReply, match="三个部分"):
        prompts.read_reading(call(fake, prompts.reading(text), "fault:dropped-sentence"))


def test_behaviours_can_be_queued_and_kept_for_a_purpose(fake: FakeModel) -> None:
    fake.enqueue("error-500", purpose="reading")
    fake.enqueue("ok", "error-503")
    translated(fake)
    for prompt in (prompts.translation(TITLE, ABSTRACT), prompts.reading(ABSTRACT)):
        with pytest.raises(ModelError):
            call(fake, prompt)
    assert [entry.behaviour for entry in fake.calls] == ["ok", "error-503", "error-500"]


def test_a_paper_can_have_a_fault_for_both_its_calls(fake: FakeModel) -> None:
    fake.fault_title(TITLE, "content-exists-risk")
    for prompt in (prompts.translation(TITLE, ABSTRACT), prompts.reading(f"{TITLE}\n\n{ABSTRACT}")):
        with pytest.raises(ModelError, match="Content Exists Risk"):
            call(fake, prompt)
    translated(fake, title="Quite Another Paper Here")
    assert fake.hits_by_paper == {TITLE: 2, "Quite Another Paper Here": 1}


def test_every_third_request_can_fail(fake: FakeModel) -> None:
    fake.every(3, "error-500")
    outcomes = []
    for _ in range(6):
        try:
            translated(fake)
            outcomes.append("ok")
        except ModelError as error:
            outcomes.append(error.kind)
    assert outcomes == ["ok", "ok", "busy"] * 2


def test_a_behaviour_that_does_not_exist_is_an_error_of_the_test(fake: FakeModel) -> None:
    with pytest.raises(ValueError, match="no such behaviour"):
        fake.enqueue("explode")


def test_every_row_of_the_research_has_a_behaviour() -> None:
    rows = """trickle silent error-200 html-200 empty-choices broken-json insufficient-quota no-balance-402 bad-key-401
        unknown-model-404 rate-429 retry-after-300 cut-stream length content-filter content-exists-risk refusal none-content
        empty fenced think boilerplate half-json english unknown-finish no-response-format no-usage prompt-cut missing-mask
        wrong-number dropped-sentence other-paper error-500 error-503 reset"""
    assert set(rows.split()) <= FAULTS


# --- the server itself -----------------------------------------------------------------------------------------------


def test_calls_are_logged_with_purpose_and_times(fake: FakeModel) -> None:
    fake.set_delay({"reading": 0.05})
    translated(fake)
    call(fake, prompts.reading(ABSTRACT))
    first, second = fake.calls
    assert (first.purpose, second.purpose) == ("translation", "reading")
    assert second.end - second.start >= 0.05
    assert first.end - first.start < 0.05
    counts = get(fake, "/_calls")
    assert (counts["hits"], counts["most_at_once"]) == (2, 1)
    assert counts["hits_by_paper"][TITLE] == 1


def test_control_switches_faults_and_delays_over_http(fake: FakeModel) -> None:
    assert post(fake, "/_control", {"enqueue": ["error-500"], "titles": {"T": "empty"}})[0] == 200
    assert fake.settings.queue == [(None, "error-500")]
    assert post(fake, "/_control", {"clear": True, "delay": {"reading": 3}})[0] == 200
    assert (fake.settings.queue, fake.settings.titles, fake.settings.delay["reading"]) == ([], {}, 3)
    assert post(fake, "/_control", {"enqueue": ["explode"]})[0] == 400


def test_an_unknown_request_is_refused_and_remembered(fake: FakeModel) -> None:
    assert post(fake, "/v1/embeddings", {})[0] == 400
    assert post(fake, "/v1/chat/completions", {"model": "m"})[0] == 400
    assert len(fake.unexpected) == 2


def test_models_are_listed(fake: FakeModel) -> None:
    assert get(fake, "/v1/models")["data"][0]["id"] == "fake"


def test_a_plain_request_gets_a_plain_completion(fake: FakeModel) -> None:
    messages = [{"role": "user", "content": json.dumps({"title": "A model", "abstract": "It is fast."})}]
    status, body = post(fake, "/v1/chat/completions", {"model": "m", "messages": messages})
    assert status == 200
    assert body["choices"][0]["finish_reason"] == "stop"
    assert json.loads(body["choices"][0]["message"]["content"])["title"]
    assert body["usage"]["total_tokens"] > 0


def test_it_runs_as_a_process_and_prints_its_address_first() -> None:
    command = [sys.executable, "-m", "tests.fakes.model", "--port", "0", "--sample", "--fault", "error-500"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            with urllib.request.urlopen(f"{address}/models", timeout=5) as answer:
                assert answer.status == 200
        finally:
            process.terminate()
