"""What a check reports: a `Finding`, perhaps with a `Fix`."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

Span = tuple[int, int]


class Zones:
    """Spans of a text, overlapping or not; `at in zones` asks whether an offset lies within one."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def __contains__(self, at: int) -> bool:
        zone = bisect_right(self._starts, at) - 1
        return zone >= 0 and at < self._ends[zone]


LEVELS = ("block", "error", "autofix", "warning", "info")  # gravest first; autofix needs no person


@dataclass(frozen=True)
class Fix:
    """Replace `target[start:end]` by `replacement`; `start == end` inserts."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True)
class Finding:
    """One thing wrong, or worth a look.

    `check` is a stable code, `level` one of LEVELS, `message` Chinese for the editor. Spans are offsets into the
    source and the target text. `automatic` says that the fix may be applied without asking anybody.
    `fingerprint` depends on the check and the texts concerned, never on where they stand: a finding dismissed
    under it stays dismissed while other parts of the text are edited.
    """

    check: str
    level: str
    message: str
    source_span: Span | None = None
    target_span: Span | None = None
    fix: Fix | None = None
    automatic: bool = False
    fingerprint: str = field(default="", compare=False)


def fingerprint(check: str, level: str, *texts: str) -> str:
    """Twenty hexadecimal digits naming the check and the texts it is about; white space does not count."""
    said = "\x1f".join((check, level, *(" ".join(text.split()) for text in texts)))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:20]


def signed(finding: Finding, source: str, target: str) -> Finding:
    """The finding with its fingerprint. Without any span it is about the whole source."""
    texts = [
        text[slice(*span)]
        for text, span in ((source, finding.source_span), (target, finding.target_span))
        if span
    ]
    name = fingerprint(finding.check, finding.level, *(texts or [source]))
    return Finding(
        finding.check,
        finding.level,
        finding.message,
        finding.source_span,
        finding.target_span,
        finding.fix,
        finding.automatic,
        name,
    )


def gravest(findings: Iterable[Finding]) -> str | None:
    """The gravest level among the findings, None when there are none."""
    return min((finding.level for finding in findings), key=LEVELS.index, default=None)


def apply_fixes(target: str, findings: Iterable[Finding]) -> str:
    """`target` with every automatic fix applied. Of two fixes that overlap the earlier, then the longer one wins."""
    fixes = sorted(
        (finding.fix for finding in findings if finding.automatic and finding.fix is not None),
        key=lambda fix: (fix.start, -fix.end),
    )
    pieces, at = [], 0
    for fix in fixes:
        if fix.start >= at and fix.end <= len(target):
            pieces += [target[at : fix.start], fix.replacement]
            at = fix.end
    return "".join([*pieces, target[at:]])
