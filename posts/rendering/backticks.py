"""Backticks: code in Markdown, opening quotation marks in TeX. The same decision for formulae and for text."""

import re
from bisect import bisect_right

BLANK_LINE = re.compile(r"\n[ \t>]*\n")
RUN = re.compile("`+")
_DOUBLE = re.compile(r"``((?:[^`\n]|\n(?![ \t]*\n)){1,300}?)''")
_SINGLE = re.compile(r"`([^`'\n]{1,80})'(?![A-Za-z])")


class Backticks:
    """An index of the runs of backticks, to find the end of a code span without going back."""

    def __init__(self, text: str, code: bool = True) -> None:
        self.text = text
        self.runs: dict[int, list[int]] = {}
        for run in RUN.finditer(text) if code else ():
            self.runs.setdefault(len(run[0]), []).append(run.start())
        self.blanks = [match.start() for match in BLANK_LINE.finditer(text)]

    def closing(self, at: int, length: int) -> int | None:
        """Where the run begins that ends the code span opened at `at`, in the same paragraph."""
        if self.quotation(at, length):
            return None
        return self._next_run(at, length)

    def quotation(self, at: int, length: int) -> int | None:
        """Where the quotation ``…'' or `…' that opens at `at` ends; None when it is code, or a stray backtick."""
        if length == 2:
            match = _DOUBLE.match(self.text, at)
            return match.end(1) if match else None
        match = _SINGLE.match(self.text, at) if length == 1 else None
        if not match:
            return None
        run = self._next_run(at, length)
        # In `a' and `b' the second backtick opens another quotation: code does not end in a space.
        is_code = run is not None and self.text[run - 1] not in " (（\n"
        return None if is_code else match.end(1)

    def _next_run(self, at: int, length: int) -> int | None:
        runs = self.runs.get(length, [])
        following = bisect_right(runs, at)
        if following == len(runs):
            return None
        blank = bisect_right(self.blanks, at)
        crosses = blank < len(self.blanks) and self.blanks[blank] < runs[following]
        return None if crosses else runs[following]
