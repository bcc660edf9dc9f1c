"""Formulae: where they are, whether two are the same, whether one is lost."""

import re
from collections.abc import Iterator

from papers.fidelity.findings import Finding, Fix, Span
from papers.sentences import align

_FORMULA = re.compile(
    r"(?<!\\)\$\$(?P<double>[^$]{1,600})\$\$"
    r"|(?<![\\$])\$(?P<single>(?!\s)[^$\n]{0,300}?[^$\s\\])\$(?!\d)"
    r"|\\\((?P<round>[^\n]{1,300}?)\\\)|\\\[(?P<square>.{1,600}?)\\\]"
)
_MONEY = re.compile(r"\d[\d.,]*\s?(?:[A-Za-z]+[\s,.]+){2,}")
_WRAPPER = re.compile(
    r"\\(?:text(?:it|bf|rm|tt|sc|sf|normal)?|emph|math(?:rm|bf|it|sf|tt|cal|bb|frak|scr)|boldsymbol|bm|operatorname\*?)\b"
    r"|\\(?:left|right|big|Big|bigl|bigr|displaystyle|limits|mathop)\b|\\[,;:! ()\[\]]"
)
_SYMBOL_NAMES = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau upsilon
phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega times cdot pm mp sim approx le leq ge geq
ne neq ll gg to rightarrow leftarrow leftrightarrow infty ell circ degree in partial nabla sum prod sqrt dots ldots
cdots equiv propto subset cup cap forall exists
"""
_SYMBOL_SIGNS = """
α β γ δ ε ε ζ η θ θ ι κ λ μ ν ξ π ρ σ τ υ
φ φ χ ψ ω Γ Δ Θ Λ Ξ Π Σ Φ Ψ Ω × · ± ∓ ~ ≈ ≤ ≤ ≥ ≥
≠ ≠ ≪ ≫ → → ← ↔ ∞ ℓ ° ° ∈ ∂ ∇ ∑ ∏ √ … …
… ≡ ∝ ⊂ ∪ ∩ ∀ ∃
"""
_SYMBOLS = dict(zip(_SYMBOL_NAMES.split(), _SYMBOL_SIGNS.split(), strict=True))
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_RAISED = {ord(raised): f"^{plain}" for raised, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵗ", "0123456789+-nt", strict=True)}
_LOWERED = {ord(low): f"_{plain}" for low, plain in zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)}
_SAME = _RAISED | _LOWERED | str.maketrans("～∼−–—∗µϵϕ％（），：", "~~---*με" + "φ%(),:")
_DROPPED = re.compile(r"[\s{}$\\]+")
_NUMERIC = re.compile(r"[<>=~≈≤≥±+\-]*[\d.,%°×]*(?:[kKMB]|dB|ms|s|%)?")


def formulae(text: str) -> list[Span]:
    """Spans of the formulae with their dollar signs; sums of money are none."""
    return [match.span() for match in _FORMULA.finditer(text) if not _MONEY.match(match["single"] or "")]


def canonical(formula: str) -> str:
    """A formula or a text with formulae in one spelling: `$R^{3}$`, `R^3` and `R³` are equal."""
    plain = _WRAPPER.sub("", formula)
    plain = _COMMAND.sub(lambda match: _SYMBOLS.get(match[1], match[1]), plain)
    return _DROPPED.sub("", plain.translate(_SAME)).replace("^^", "^").lower()


def check_formulae(source: str, target: str) -> Iterator[Finding]:
    """Every formula of the source must be in the target, in any spelling. Bare numbers are the numbers' business."""
    kept = None
    for start, end in formulae(source):
        kept = canonical(target) if kept is None else kept
        wanted = canonical(source[start:end])
        if wanted and not _NUMERIC.fullmatch(wanted) and wanted not in kept:
            yield _formula_missing(source, target, (start, end))


def _formula_missing(source: str, target: str, span: Span) -> Finding:
    formula = source[slice(*span)]
    at = _end_of_partner(source, target, span[0])
    return Finding("formula_missing", "error", f"译文缺少公式 {formula}", span, fix=Fix(at, at, formula))


def _end_of_partner(source: str, target: str, at: int) -> int:
    """Where the Chinese sentence ends that belongs to the English one at `at`, before its full stop."""
    end = len(target)
    for pair in align(source, target):
        if pair.target_spans and any(start <= at < stop for start, stop in pair.source_spans):
            end = pair.target_spans[-1][1]
    return end - 1 if end and target[end - 1] in "。.！？；" else end
