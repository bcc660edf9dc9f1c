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
# Sentences that stand at the foot of one column and the head of the next, or on two pages, by eye.
CROSSINGS = {
    "1712.05884v1": [
        "high frequency details, which are dominated by fricatives",
        "“post-net” which predicts a residual",
    ],
    "1512.03385v1": ["learning better networks as easy as stacking more layers"],
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
    line(
        "columns.headings_ascend",
        100 * share(map(ascends, papers)),
        "% of two-column papers",
        f"{len(papers)} papers",
    )
    found = [sentence in texts[name].text for name, sentences in CROSSINGS.items() for sentence in sentences]
    line("columns.sentences_over_breaks", 100 * share(found), "% whole", f"{len(found)} sentences")
    line(
        "columns.open_paragraphs",
        100 * statistics.mean(map(open_share, papers)),
        "% of long paragraphs end within a sentence",
    )


def ascends(result: Extracted) -> bool:
    """Section numbers ascend through the text."""
    numbers = [
        tuple(int(part or 0) for part in match.groups())
        for heading, _ in result.sections
        if (match := NUMBER.match(heading))
    ]
    return numbers == sorted(numbers)


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
