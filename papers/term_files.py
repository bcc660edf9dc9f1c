"""The term base as a CSV file that people edit in spreadsheets.

Columns as in `COLUMNS`; lists are separated by `|`, flags are `1` or empty. Cells that a spreadsheet would run as a
formula are written with a leading `'`, which reading takes off again
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from papers.terms import Term

COLUMNS = ("english", "chinese", "variants", "keep_as_is", "forbidden", "is_topic", "note")
SEED = Path(__file__).with_name("data") / "terms.csv"

_DANGEROUS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "'")
_TRUE = frozenset({"1", "true", "yes", "y", "x", "是"})
_FALSE = frozenset({"", "0", "false", "no", "n", "否"})


class TermFileError(ValueError):
    """The file cannot be read; `problems` are `(line, what)` in Chinese."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        self.problems = problems
        super().__init__("；".join(f"第{line}行：{what}" for line, what in problems))


def read_csv(text: str) -> list[Term]:
    """The terms of a CSV text. Raises TermFileError naming every bad line; nothing is half read."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    terms: dict[str, Term] = {}
    problems: list[tuple[int, str]] = []
    try:
        unknown = set(reader.fieldnames or ()) - set(COLUMNS)
        if unknown or not {"english", "chinese"} <= set(reader.fieldnames or ()):
            raise TermFileError([(1, f"表头应为{','.join(COLUMNS)}")])
        for row in reader:
            _read_row(row, reader.line_num, terms, problems)
    except csv.Error as error:
        problems.append((reader.line_num, f"不是合法的CSV（{error}）"))
    if problems:
        raise TermFileError(problems)
    return list(terms.values())


def _read_row(
    row: dict[Any, Any], line: int, terms: dict[str, Term], problems: list[tuple[int, str]]
) -> None:
    if None in row:
        problems.append((line, "列数过多"))
        return
    cells = {name: _safe_in((row.get(name) or "").strip(" ")) for name in COLUMNS}
    if not any(cells.values()):
        return
    wrong = _wrong(cells, terms)
    if wrong:
        problems.append((line, wrong))
    else:
        terms[cells["english"]] = _term(cells)


def _wrong(cells: dict[str, str], terms: dict[str, Term]) -> str:
    """What is wrong with a row, empty if nothing."""
    if not cells["english"]:
        return "缺少英文术语"
    if cells["english"] in terms:
        return f"术语“{cells['english']}”重复"
    for name in ("keep_as_is", "is_topic"):
        if cells[name].lower() not in _TRUE | _FALSE:
            return f"{name}应为1或空，而不是“{cells[name]}”"
    if not cells["chinese"] and cells["keep_as_is"].lower() not in _TRUE:
        return "缺少中文译名（保留英文的术语请把keep_as_is设为1）"
    if cells["chinese"] in _list(cells["forbidden"]):
        return f"译名“{cells['chinese']}”同时被禁用"
    return ""


def _term(cells: dict[str, str]) -> Term:
    return Term(
        cells["english"],
        cells["chinese"],
        _list(cells["variants"]),
        cells["keep_as_is"].lower() in _TRUE,
        _list(cells["forbidden"]),
        cells["is_topic"].lower() in _TRUE,
        cells["note"],
    )


def _list(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in cell.split("|") if part.strip()))


def write_csv(terms: Iterable[Term]) -> str:
    """A CSV text that `read_csv` reads back to the same terms."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for term in terms:
        cells = (
            term.english,
            term.chinese,
            "|".join(term.variants),
            "1" if term.keep_as_is else "",
            "|".join(term.forbidden),
            "1" if term.is_topic else "",
            term.note,
        )
        writer.writerow(map(_safe_out, cells))
    return out.getvalue()


def _safe_out(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell


def _safe_in(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_DANGEROUS) else cell


def seed_terms() -> list[Term]:
    """Our own list of speech and machine-learning terms (CC0)."""
    return read_csv(SEED.read_text(encoding="utf-8"))
