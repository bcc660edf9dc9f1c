"""The check on numbers: none lost, none changed, none added."""

from collections.abc import Iterator
from decimal import Decimal

from papers.fidelity.findings import Finding, Fix
from papers.fidelity.number_words import in_chinese_words, in_english_words
from papers.fidelity.numbers import Number, numbers_in


def check_numbers(source: str, target: str) -> list[Finding]:
    """A number missing *and* a foreign one present blocks; one missing alone warns, one extra alone informs.

    Either alone is mostly style ("three" for 3, "halves" for 50%); both together are mostly a changed figure.
    """
    said, kept = numbers_in(source), numbers_in(target)
    missing, foreign = (
        _unmatched(said, kept, in_chinese_words(target)),
        _unmatched(kept, said, in_english_words(source)),
    )
    if missing and not foreign:
        foreign = _disguised(kept, said, missing)
    elif foreign and not missing:
        missing = _disguised(said, kept, foreign)
    elif not missing and not foreign:
        missing = _disguised(said, kept, _rarer(kept, said))
        foreign = _disguised(kept, said, missing)
    plain_missing = [number for number in missing if not number.named]
    plain_foreign = [number for number in foreign if not number.named]
    if plain_missing and foreign:
        return list(_changed(plain_missing, plain_foreign or foreign))
    if missing and foreign and not plain_foreign:
        return list(_changed(missing, foreign))
    return [_missing(number) for number in plain_missing] + [_extra(number) for number in plain_foreign]


def _unmatched(numbers: list[Number], others: list[Number], words: frozenset[Decimal]) -> list[Number]:
    """Numbers that the other side has neither in figures nor, unless they have a decimal point, in words."""
    known = frozenset().union(*(other.readings for other in others))
    return _once(
        [
            number
            for number in numbers
            if not number.free
            and not number.readings & known
            and ("." in number.text or not number.readings & words)
        ]
    )


def _disguised(numbers: list[Number], others: list[Number], suspects: list[Number]) -> list[Number]:
    """Numbers that could have become one of the suspects, or come from it, though their value is known otherwise.

    They stand here more often than there, in figures, and differ from the suspect by one digit or by the unit.
    """
    return [number for number in _rarer(numbers, others) if any(_alike(number, other) for other in suspects)]


def _rarer(numbers: list[Number], others: list[Number]) -> list[Number]:
    """Numbers that stand more often here than there."""
    counted = _once([number for number in numbers if not number.free])
    return [number for number in counted if _count(number, numbers) > _count(number, others)]


def _alike(one: Number, other: Number) -> bool:
    rescaled = one.scale != other.scale
    return any(
        len(first) == len(second)
        and (sum(map(str.__ne__, first, second)) == 1 or (rescaled and first == second))
        for first, second in zip(_digits(one), _digits(other), strict=True)
    )


def _digits(number: Number) -> tuple[str, str]:
    """As written, and without the noughts at the end of the value: 80亿 and 8B are alike."""
    written = "".join(filter(str.isdigit, number.text))
    return written, written.rstrip("0")


def _count(number: Number, numbers: list[Number]) -> int:
    return sum(bool(number.readings & other.readings) for other in numbers)


def _once(numbers: list[Number]) -> list[Number]:
    return list({number.readings: number for number in reversed(numbers)}.values())[::-1]


def _changed(missing: list[Number], foreign: list[Number]) -> Iterator[Finding]:
    sole = len(missing) == len(foreign) == 1
    for at in range(max(len(missing), len(foreign))):
        old = missing[min(at, len(missing) - 1)]
        new = foreign[min(at, len(foreign) - 1)]
        yield Finding(
            "number_changed",
            "block",
            f"原文的数字“{old.text}”在译文中没有，译文的“{new.text}”在原文中没有",
            old.span,
            new.span,
            Fix(*new.span, _in_chinese(old)) if sole else None,
        )


def _missing(number: Number) -> Finding:
    return Finding("number_missing", "warning", f"原文的数字“{number.text}”在译文中没有", number.span)


def _extra(number: Number) -> Finding:
    return Finding("number_extra", "info", f"译文的数字“{number.text}”在原文中没有", target_span=number.span)


_CHINESE_SCALES = (("万亿", Decimal(10) ** 12), ("亿", Decimal(10) ** 8), ("万", Decimal(10) ** 4))


def _in_chinese(number: Number) -> str:
    """The number as a Chinese text writes it: 1.6 billion is 16亿; a bare figure stays as it is."""
    if number.scale == 1 or len(number.readings) != 1:
        return number.text
    (value,) = number.readings
    for word, scale in _CHINESE_SCALES:
        if isinstance(value, Decimal) and value >= scale:
            return f"{(value / scale).normalize():f}{word}"
    return f"{value:f}"
