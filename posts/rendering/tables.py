"""Rows of GFM tables. https://github.github.com/gfm/#tables-extension-"""

import re

_BAR = re.compile(r"(\\.)|\|", re.DOTALL)
_DELIMITER = re.compile(r":?-+:?")
_DELIMITER_ROW = re.compile(r"[|:\- \t]+")


def cells(row: str) -> list[str]:
    """The cells between unescaped bars, stripped; `\\|` is a bar inside a cell. Formulae are tokens by now."""
    row = row.strip()
    found: list[str] = []
    start = 0
    for bar in _BAR.finditer(row):
        if bar[1]:
            continue
        found.append(row[start : bar.start()])
        start = bar.end()
    found.append(row[start:])
    if found and not found[0].strip() and row.startswith("|"):
        del found[0]
    if found and not found[-1].strip() and row.endswith("|"):
        del found[-1]
    return [cell.strip().replace("\\|", "|") for cell in found]


def alignments(row: str) -> list[str] | None:
    """Of a delimiter row, each column's `left`, `right`, `center` or empty; None when it is no delimiter row."""
    if "|" not in row or not _DELIMITER_ROW.fullmatch(row):
        return None
    found = cells(row)
    if not found or not all(_DELIMITER.fullmatch(cell) for cell in found):
        return None
    sides = {(True, True): "center", (True, False): "left", (False, True): "right", (False, False): ""}
    return [sides[cell.startswith(":"), cell.endswith(":")] for cell in found]


def fitted(row: list[str], width: int) -> list[str]:
    """Exactly `width` cells. GFM drops the excess; we keep it in the last cell, since no character may be lost."""
    if len(row) > width:
        return [*row[: width - 1], " | ".join(row[width - 1 :])]
    return row + [""] * (width - len(row))
