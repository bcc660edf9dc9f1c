"""Bench of the renderer: `python -m tests.benchmarks.rendering`. Lines with units; needs ../shared/data/seed-posts.

Agreement counts readings whose elements and texts are those of CommonMark (markdown-it-py), formulae and links apart;
"better" are the readings where CommonMark leaves `**` beside Chinese punctuation and we do not.
"""

import re
import statistics
import time
from collections.abc import Callable

from markdown import markdown as stock

from posts.rendering import abstract_html, mathml, title_html, to_html
from posts.rendering.formulae import lift
from tests.posts import commonmark_reference as reference
from tests.posts.test_rendering_safety import BOMBS


def main() -> None:
    readings = reference.readings()
    if not readings:
        print("no readings: ../shared/data/seed-posts is absent")
        return
    _print_speed(readings)
    _print_agreement(readings)
    _print_formulae([*readings, *reference.abstracts(), *reference.titles()])
    _print_bombs()


def _print_speed(readings: list[str]) -> None:
    times = [_seconds(to_html, reading) * 1000 for reading in readings]
    worst = statistics.quantiles(times, n=100)[-1]
    print(
        f"readings: {1000 / statistics.mean(times):.0f} per s, median {statistics.median(times):.2f} ms, p99 {worst:.2f} ms"
    )
    abstracts = reference.abstracts()
    print(
        f"abstracts: {len(abstracts) / _seconds(lambda: [abstract_html(text) for text in abstracts]):.0f} per s"
    )
    titles = reference.titles()
    print(f"titles: {len(titles) / _seconds(lambda: [title_html(text) for text in titles]):.0f} per s")


def _print_agreement(readings: list[str]) -> None:
    same = better = stock_same = 0
    for reading in readings:
        theirs = reference.shape(reference.reference_html(reading))
        agrees = reference.shape(to_html(reading)) == theirs
        same += agrees
        better += not agrees and "**" in "".join(theirs)
        stock_same += reference.shape(stock(reading, extensions=["tables", "sane_lists"])) == theirs
    print(
        f"structure of CommonMark: {same} of {len(readings)} readings, {better} better, {len(readings) - same - better} other"
    )
    print(f"structure of CommonMark by the stock package: {stock_same} of {len(readings)} readings")


def _print_formulae(texts: list[str]) -> None:
    formulae = [formula for text in texts for formula in lift(text)[1]]
    converted = sum(mathml.element(formula).tag == "math" for formula in formulae)
    print(f"formulae: {converted} of {len(formulae)} converted")
    left = sum(bool(re.search(r"\\[a-zA-Z(\[]|\$", reference_text(text))) for text in texts)
    print(f"texts with TeX left in sight: {left} of {len(texts)}")


def reference_text(text: str) -> str:
    return re.sub(r"<math.*?</math>|<code>.*?</code>", "", to_html(text), flags=re.DOTALL)


def _print_bombs() -> None:
    for name, bomb in BOMBS.items():
        print(f"bomb, {name}: {_seconds(to_html, bomb) * 1000:.0f} ms for {len(bomb)} characters")


def _seconds(function: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
