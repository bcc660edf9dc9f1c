"""Extraction on the recorded papers: ``python -m tests.benchmarks.extraction``; one line per figure.

Processor time is the children's and the caller's together, start-up included.
"""

import re
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from papers.extract import Extracted, Limits, Unreadable, text_of
from papers.extract.jail import run

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
# By eye: papers whose pages have two columns.
TWO_COLUMNS = (
    "1508.04025v5 1511.01097v1 1512.03385v1 1601.03642v1 1712.05884v1 1712.05884v2 2004.04906v3 2202.00535v1 2203.00274v2 "
    "2304.02623v1 2305.13048v1 2508.13149v1 nostamp-dover-lap-slt21 nostamp-jsalt-slt21 nostamp-noise-aware-icassp21"
)
# What stands at the foot of one column and at the head of the next, as a reader joins it (by eye).
CROSSINGS = {
    "1508.04025v5": "simplicity and effectiveness in mind|outperforming the existing best system|"
    "NVIDIA Corporation with|we achieve progressive",
    "1511.01097v1": "can be mapped through stellar|stable orbits can be found",
    "1512.03385v1": "error on the ImageNet test|In addition, highway networks|which impact the reducing of",
    "1601.03642v1": "error function and makes a step|At a first glance, they|in Section IV, we will now",
    "1712.05884v1": "details, which are dominated by|for phase estimation, followed",
    "1712.05884v2": "activation followed by a linear|on linguistic features[8]|post-processing network to incorporate",
    "2004.04906v3": "open-domain QA datasets, it|we assume the extractive|higher similarity) than|"
    "1 negative passages|jointly trained, following|BM25 have been used",
    "2202.00535v1": "we also add LoRA|example pairs that are|high BLEU despite simply|we are interested in",
    "2203.00274v2": "during inference, the model|on SQA dataset, and|table-text structure relevant|"
    "self-attention sub-layer|in all settings, which|found that there are 4",
    "2304.02623v1": "documents in the final writing",
    "2508.13149v1": "a simplified expression for|generalized Heisenberg model",
    "nostamp-dover-lap-slt21": "the CHiME challenges",
    "nostamp-jsalt-slt21": "diarization systems miss|separated audio streams, which|separation is not dependent|"
    "[21] suggests, most|conducted experiments with",
    "nostamp-noise-aware-icassp21": "In this work, we do not perform",
}
UNFIT = ("encrypted-password-foo", "garbled-fonts-olmo-page1", "scanned-image-only")
NUMBER = re.compile(r"^(\d+)(?:\.(\d+))?(?:\.(\d+))?\.?\s")


def processor_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Processor seconds, and the result or the Unreadable."""
    started = processor_seconds()
    try:
        result = work()
    except Unreadable as error:
        result = error
    return processor_seconds() - started, result


def line(name: str, value: float, unit: str, note: str = "") -> None:
    print(f"extraction.{name}: {value:.3g} {unit}{f' ({note})' if note else ''}", flush=True)


def spread(name: str, seconds: list[float], unit: str = "s CPU per paper") -> None:
    line(f"{name}.mean", statistics.mean(seconds), unit, f"{len(seconds)} files")
    line(f"{name}.p90", sorted(seconds)[int(0.9 * len(seconds))], unit)
    line(f"{name}.most", max(seconds), unit)


def bench_pdf(paths: list[Path]) -> dict[str, Extracted]:
    seconds, texts = [], {}
    for path in paths:
        taken, result = timed(lambda path=path: text_of(path.read_bytes(), "application/pdf"))
        seconds.append(taken)
        if isinstance(result, Extracted):
            texts[path.stem] = result
    spread("pdf", seconds)
    line("pdf.readable", 100 * len(texts) / len(paths), "% of papers")
    line(
        "pdf.sections",
        100 * share(len(text.sections) >= 4 for text in texts.values()),
        "% of papers with 4 or more sections",
    )
    line(
        "pdf.references_dropped",
        100 * share(not has_references(text) for text in texts.values()),
        "% of papers",
    )
    return texts


def has_references(result: Extracted) -> bool:
    """Five or more blocks that begin like an entry of a reference list."""
    return len(re.findall(r"^(?:\[\d+\]|\d+\.) [A-Z].{20,}(?:19|20)\d\d", result.text, re.MULTILINE)) >= 5


def bench_columns(texts: dict[str, Extracted]) -> None:
    papers = [texts[name] for name in TWO_COLUMNS.split() if name in texts]
    complete = [
        numbers == list(range(1, len(numbers) + 1)) for paper in papers if (numbers := main_numbers(paper))
    ]
    line(
        "columns.headings_complete",
        100 * share(complete),
        "% of two-column papers",
        f"{len(complete)} with numbers",
    )
    found = [joint in texts[name].text for name, joints in CROSSINGS.items() for joint in joints.split("|")]
    line(
        "columns.joints_whole",
        100 * share(found),
        "% of column ends read on rightly",
        f"{len(found)} sentences",
    )
    line(
        "columns.open_paragraphs",
        100 * statistics.mean(map(open_share, papers)),
        "% of long paragraphs end within a sentence",
    )


def main_numbers(result: Extracted) -> list[int]:
    """Of the main sections, in the order of the text: 1 … n without a hole unless a column is in the wrong place."""
    headings = [match for heading, _ in result.sections if (match := NUMBER.match(heading))]
    return [int(match[1]) for match in headings if not match[2]]


def open_share(result: Extracted) -> float:
    """A column read in the wrong place leaves sentences open: paragraphs of 200 letters or more without an end."""
    blocks = [block for block in result.text.split("\n\n") if len(block) >= 200]
    return share(not re.search(r"[.!?:;,)\]”\"’]\d{0,2}$", block) for block in blocks)


def bench_second_engine(paths: list[Path]) -> None:
    spread(
        "pdfminer_alone",
        [timed(lambda path=path: run("pdfminer", path.read_bytes(), Limits()))[0] for path in paths],
    )


def bench_html(paths: list[Path]) -> None:
    outcomes = [timed(lambda path=path: text_of(path.read_bytes(), "text/html")) for path in paths]
    spread("html", [seconds for seconds, _ in outcomes])
    line(
        "html.readable",
        100 * share(isinstance(result, Extracted) for _, result in outcomes),
        "% of pages",
        "one failed conversion",
    )


def bench_edges(paths: list[Path]) -> None:
    outcomes = {
        path.stem: timed(lambda path=path: text_of(path.read_bytes(), "application/pdf")) for path in paths
    }
    right = [isinstance(result, Unreadable) == (stem in UNFIT) for stem, (_, result) in outcomes.items()]
    line("edge.judged_right", 100 * share(right), "% of odd files", f"{len(right)} files")
    line("edge.most", max(seconds for seconds, _ in outcomes.values()), "s CPU per file")


def bench_child() -> None:
    """A child that starts, loads its engine and refuses: the price of the jail."""
    for engine, data in (("html", b"<html></html>"), ("pdfium", b"%PDF-"), ("pdfminer", b"%PDF-")):
        seconds = [timed(lambda engine=engine, data=data: run(engine, data, Limits()))[0] for _ in range(10)]
        line(f"child_start.{engine}", statistics.median(seconds), "s CPU")
    started = time.perf_counter()
    timed(lambda: run("pdfium", b"%PDF-", Limits()))
    line("child_start.wall", time.perf_counter() - started, "s")


def share(values: Iterable[bool]) -> float:
    found = list(values)
    return sum(found) / max(len(found), 1)


def main() -> None:
    if not DATA.is_dir():
        print("extraction: skipped, the recorded papers in ../shared/data are not here")
        return
    pdfs = sorted((DATA / "pdf").glob("*.pdf"))
    bench_child()
    bench_columns(bench_pdf(pdfs))
    bench_html(sorted((DATA / "html").glob("*.html")))
    bench_edges(sorted((DATA / "pdf" / "edge").glob("*.pdf")))
    bench_second_engine(pdfs[::4])


if __name__ == "__main__":
    main()
