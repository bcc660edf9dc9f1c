"""Findings as the desk shows them: where they stand in the words as typed, and what one may do about each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from papers import fidelity
from papers.models import Finding, Summary
from papers.pipeline.edits import LEVELS

from .aligned import Row, row_at, utf16

NAMES = {"block": "严重", "error": "错误", "warning": "留意", "info": "提示", "autofix": "格式"}
PARTS = {"title": "标题", "abstract": "摘要", "reading": "解读"}
# Checks an editor may want to filter by; any other name works in the address.
CHECKS = {
    "number_changed": "数字不同",
    "number_missing": "数字缺失",
    "number_extra": "多出数字",
    "formula_missing": "公式缺失",
    "url_missing": "链接缺失",
    "url_added": "多出链接",
    "untranslated": "未翻译",
    "length_short": "过短",
    "sentences_missing": "句子少了",
    "sentence_unpartnered": "句子无对应",
    "term_forbidden": "禁用译名",
    "term_missing": "未用首选译名",
    "name_missing": "名称缺失",
    "other_paper": "像是别的论文",
    "reading_parts": "解读不全",
    "reading_number": "解读的数字",
    "reading_url": "解读的链接",
    "instruction": "像是指令",
}


@dataclass(frozen=True)
class Problem:
    """One finding. Offsets are counted as browsers count; `row` is the aligned pair that it stands in."""

    fingerprint: str
    part: str
    level: str
    message: str
    start: int | None
    end: int | None
    was: str
    row: int | None
    fix_start: int | None
    fix_end: int | None
    fix_was: str
    fix_text: str | None
    dismissed: bool

    @property
    def level_name(self) -> str:
        return NAMES.get(self.level, self.level)

    @property
    def part_name(self) -> str:
        return PARTS.get(self.part, self.part)

    @property
    def has_fix(self) -> bool:
        return self.fix_text is not None


def stored(findings: Iterable[Finding], text: dict[str, str], rows: list[Row]) -> list[Problem]:
    """Findings that are kept with the current revision."""
    found = [
        _problem(row, row.part, row.fix, text, rows, dismissed=row.dismissed_at is not None)
        for row in findings
    ]
    return _gravest_first(found)


def live(
    findings: Iterable[tuple[str, fidelity.Finding]],
    text: dict[str, str],
    rows: list[Row],
    dismissed: Iterable[str],
) -> list[Problem]:
    """Findings on words that are not saved."""
    silenced = set(dismissed)
    found = [
        _problem(one, part, _fix_of(one), text, rows, dismissed=one.fingerprint in silenced)
        for part, one in findings
    ]
    return _gravest_first(found)


def _fix_of(finding: fidelity.Finding) -> list[Any] | None:
    fix = finding.fix
    return [fix.start, fix.end, fix.replacement] if fix else None


def dismissed_before(summary: Summary) -> set[str]:
    """Fingerprints that somebody has silenced on this paper, in whatever revision."""
    rows = Finding.objects.filter(summary=summary, dismissed_at__isnull=False)
    return set(rows.values_list("fingerprint", flat=True))


def _gravest_first(found: list[Problem]) -> list[Problem]:
    return sorted(
        found, key=lambda one: (one.dismissed, LEVELS.index(one.level) if one.level in LEVELS else 9)
    )


def _problem(
    finding: Any, part: str, fix: list[Any] | None, text: dict[str, str], rows: list[Row], *, dismissed: bool
) -> Problem:
    words = text.get(part, "")
    source, target = finding.source_span, finding.target_span
    first, last, replacement = fix or (None, None, None)
    return Problem(
        fingerprint=finding.fingerprint,
        part=part,
        level=finding.level,
        message=finding.message,
        start=utf16(words, target[0]) if target else None,
        end=utf16(words, target[1]) if target else None,
        was=words[slice(*target)] if target else "",
        row=_row(part, source, target, rows),
        fix_start=utf16(words, first) if fix else None,
        fix_end=utf16(words, last) if fix else None,
        fix_was=words[first:last] if fix else "",
        fix_text=replacement,
        dismissed=dismissed,
    )


def _row(part: str, source: Any, target: Any, rows: list[Row]) -> int | None:
    if part != "abstract":
        return None
    return row_at(rows, source=source[0] if source else None, target=target[0] if target else None)
