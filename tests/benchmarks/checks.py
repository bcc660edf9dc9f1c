"""How often the fidelity checks are silent on published pairs, and what they catch when an error is injected.

    python -m tests.benchmarks.checks

Uses the published translations in `../shared/data/corpus`. One line per figure, with its unit.
"""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from papers.fidelity import check, gravest
from papers.fidelity.findings import Finding
from papers.fidelity.numbers import numbers_in
from papers.sentences import align, split_en, split_zh
from papers.term_files import seed_terms
from papers.terms import TermMatcher

PAIRS = Path(__file__).parents[3] / "shared" / "data" / "corpus" / "bilingual_seed_pairs.jsonl"
LOUD = frozenset({"block", "error", "autofix"})

Pair = tuple[str, str]
Injection = Callable[[Pair, random.Random, list[Pair]], str | None]


def pairs() -> list[Pair]:
    rows = map(json.loads, PAIRS.read_text(encoding="utf-8").splitlines())
    return [(row["abstract"], row["seed_zh_abstract"]) for row in rows]


# --- injections: a damaged target, or None where the pair has nothing to damage ------------------


def digit_changed(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    source, target = pair
    known = {reading for number in numbers_in(source) for reading in number.readings}
    usable = [n for n in numbers_in(target) if n.readings & known and not n.named and not n.free]
    if not usable:
        return None
    start, end = rnd.choice(usable).span
    at = rnd.choice([i for i in range(start, end) if target[i].isdigit()])
    digit = rnd.choice([d for d in "123456789" if d != target[at]])
    return target[:at] + digit + target[at + 1 :]


def unit_changed(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    found = list(re.finditer(r"(?<=\d)(?:万|亿|千)(?!赫)", pair[1]))
    if not found:
        return None
    match = rnd.choice(found)
    return pair[1][: match.start()] + {"万": "亿", "亿": "万", "千": "万"}[match[0]] + pair[1][match.end() :]


def one_sentence_dropped(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    return _drop(pair[1], 1, rnd)


def two_sentences_dropped(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    return _drop(pair[1], 2, rnd)


def half_dropped(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    spans = split_zh(pair[1])
    return pair[1][: spans[len(spans) // 2 - 1][1]] if len(spans) >= 4 else None


def _drop(target: str, count: int, rnd: random.Random) -> str | None:
    spans = split_zh(target)
    if len(spans) < count + 2:
        return None
    for start, end in sorted(rnd.sample(spans, count), reverse=True):
        target = target[:start] + target[end:]
    return target


def sentence_left_in_english(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    source, target = pair
    beads = [p for p in align(source, target) if len(p.source_spans) == len(p.target_spans) == 1]
    if not beads:
        return None
    bead = rnd.choice(beads)
    (start, end), (first, last) = bead.target_spans[0], bead.source_spans[0]
    return target[:start] + source[first:last] + target[end:]


def next_papers_translation(pair: Pair, rnd: random.Random, everything: list[Pair]) -> str | None:
    return everything[(everything.index(pair) + 1) % len(everything)][1]


def label_in_front(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    labels = (
        "摘要：",
        "arXiv:2604.01234v1 公告类型：交叉 摘要：",
        "以下是翻译：\n",
        "**摘要**：",
        "翻译：",
        "好的，以下是论文摘要的中文翻译：\n\n",
    )
    return rnd.choice(labels) + pair[1]


def link_lost(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    without = re.sub(r"https?://[\x21-\x7e]+", "", pair[1])
    return without if without != pair[1] and "://" in pair[0] else None


def formula_lost(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    without = re.sub(r"\$[^$\n]*[A-Za-z\\][^$\n]*\$", "", pair[1])
    return without if without != pair[1] and "$" in pair[0] else None


def half_width_comma(pair: Pair, rnd: random.Random, _: list[Pair]) -> str | None:
    return re.sub(r"(?<=[\u4e00-\u9fff])，(?=[\u4e00-\u9fff])", ",", pair[1], count=1)


INJECTIONS: dict[Injection, frozenset[str]] = {
    digit_changed: frozenset({"number_changed", "number_missing"}),
    unit_changed: frozenset({"number_changed", "number_missing"}),
    one_sentence_dropped: frozenset({"sentences_missing", "sentence_unpartnered", "length_short"}),
    two_sentences_dropped: frozenset({"sentences_missing", "length_short"}),
    half_dropped: frozenset({"length_short", "too_short"}),
    sentence_left_in_english: frozenset({"untranslated"}),
    next_papers_translation: frozenset({"other_paper"}),
    label_in_front: frozenset({"label"}),
    link_lost: frozenset({"url_missing"}),
    formula_lost: frozenset({"formula_missing"}),
    half_width_comma: frozenset({"punctuation"}),
}


# --- figures ---------------------------------------------------------------------------------------


def silence(everything: list[Pair], terms: TermMatcher | tuple[()] = ()) -> tuple[float, float, Counter[str]]:
    """Shares of pairs without block, error, autofix; without warnings too; and papers flagged per check."""
    quiet, calm, flagged = 0, 0, Counter[str]()
    for source, target in everything:
        findings = check(source, target, terms=terms)
        quiet += not _is_loud(findings)
        calm += gravest(findings) in (None, "info")
        flagged.update({f"{f.check} ({f.level})" for f in findings})
    return quiet / len(everything), calm / len(everything), flagged


def recall(inject: Injection, everything: list[Pair], seed: int = 7) -> tuple[int, int, int, int]:
    """How many damaged targets there were; on how many the right check fired, on how many gravely; and on how many of
    the same texts as published, undamaged, it fires too."""
    rnd = random.Random(seed)
    tried = hit = grave = false = 0
    for pair in everything:
        damaged = inject(pair, rnd, everything)
        if damaged is None or damaged == pair[1]:
            continue
        fired = [f for f in check(pair[0], damaged) if f.check in INJECTIONS[inject]]
        tried += 1
        hit += bool(fired)
        grave += _is_loud(fired)
        false += any(f.check in INJECTIONS[inject] for f in check(*pair))
    return tried, hit, grave, false


def dropped_sentence_named(everything: list[Pair], seed: int = 7) -> tuple[int, int]:
    """Dropped sentences, and those whose English the alignment shows without a partner."""
    rnd = random.Random(seed)
    tried = named = 0
    for source, target in everything:
        beads = [p for p in align(source, target) if len(p.source_spans) == len(p.target_spans) == 1]
        if len(beads) < 4:
            continue
        bead = rnd.choice(beads)
        start, end = bead.target_spans[0]
        lonely = [p for p in align(source, target[:start] + target[end:]) if p.lonely]
        tried += 1
        named += any(p.source_spans == bead.source_spans for p in lonely)
    return tried, named


def _is_loud(findings: list[Finding]) -> bool:
    return any(finding.level in LOUD for finding in findings)


def _lines(everything: list[Pair]) -> Iterator[str]:
    quiet, calm, flagged = silence(everything)
    yield f"checks.pairs {len(everything)} pairs"
    yield f"checks.silent_block_error_autofix {100 * quiet:.1f} %"
    yield f"checks.silent_warning_too {100 * calm:.1f} %"
    for name, count in flagged.most_common():
        yield f"checks.flagged.{name.replace(' ', '_')} {100 * count / len(everything):.2f} % of pairs"
    for inject in INJECTIONS:
        tried, hit, grave, false = recall(inject, everything)
        share, loud = (100 * hit / tried, 100 * grave / tried) if tried else (0.0, 0.0)
        yield f"checks.recall.{inject.__name__} {share:.1f} % ({loud:.1f} % at block, error or autofix; n={tried})"
        # As many damaged texts as sound ones; what fires on a published text counts as false although some is right.
        precision = 100 * hit / (hit + false) if hit + false else 0.0
        yield f"checks.precision.{inject.__name__} {precision:.1f} % ({false} of {tried} sound texts)"
    yield from _alignment_lines(everything)
    yield from _time_lines(everything)


def _alignment_lines(everything: list[Pair]) -> Iterator[str]:
    tried, named = dropped_sentence_named(everything)
    lonely = sum(any(p.lonely for p in align(*pair)) for pair in everything)
    sentences = sum(len(split_en(source)) for source, _ in everything)
    yield f"alignment.dropped_sentence_shown {100 * named / tried:.1f} % (n={tried})"
    yield f"alignment.clean_with_unpartnered {100 * lonely / len(everything):.1f} % of pairs"
    yield f"alignment.sentences {sentences / len(everything):.1f} per abstract"


def _time_lines(everything: list[Pair]) -> Iterator[str]:
    terms = TermMatcher(seed_terms())
    started = time.perf_counter()
    silence(everything, terms)
    yield f"checks.time {1000 * (time.perf_counter() - started) / len(everything):.1f} ms per abstract"
    long_source = " ".join(source for source, _ in everything)[:6000]
    long_target = "".join(target for _, target in everything)[:2400]
    times = [_seconds(long_source, long_target + "。" * at, terms) for at in range(5)]
    yield f"checks.time_6000_characters {1000 * min(times):.0f} ms (best of 5)"


def _seconds(source: str, target: str, terms: TermMatcher) -> float:
    started = time.perf_counter()
    check(source, target, terms=terms)
    return time.perf_counter() - started


if __name__ == "__main__":
    for line in _lines(pairs()):
        print(line, flush=True)
