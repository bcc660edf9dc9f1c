"""Mixtures of categories as addresses write them: cs.SD+eess.AS-cs.LG."""

import re
from dataclasses import dataclass

from papers import taxonomy

LONGEST = 400

_CODES = [one.code for one in taxonomy.CATEGORIES]
# "cs" means every category of that archive, as it does at arXiv.
_ARCHIVES = {
    archive: [code for code in _CODES if code.startswith(f"{archive}.")]
    for archive in sorted({code.split(".")[0] for code in _CODES if "." in code})
}
_KNOWN = sorted({*_CODES, *taxonomy.ALIASES, *_ARCHIVES}, key=len, reverse=True)
# Codes contain hyphens themselves, so only a known code is a term. A client that decodes `+` sends a space.
_TERM = re.compile(rf"([+\- ]?)({'|'.join(map(re.escape, _KNOWN))})(?=[+\- ]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Mixture:
    """Papers in any of the `wanted` categories or archives and in none of the `unwanted`."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The one spelling of all that mean the same."""
        return "+".join(self.wanted) + "".join(f"-{code}" for code in self.unwanted)

    @property
    def wanted_codes(self) -> list[str]:
        return _expanded(self.wanted)

    @property
    def unwanted_codes(self) -> list[str]:
        return _expanded(self.unwanted)


def parse(text: str) -> Mixture | None:
    """Read an expression in any case and under any alias; None where it has no meaning."""
    signs: dict[str, set[str]] = {"+": set(), "-": set()}
    at = 0
    while at < len(text) <= LONGEST:
        found = _TERM.match(text, at)
        if found is None or (at > 0) != bool(found[1]):
            return None
        signs["-" if found[1] == "-" else "+"].add(_canonical(found[2]))
        at = found.end()
    if not signs["+"]:
        return None
    return Mixture(tuple(sorted(signs["+"])), tuple(sorted(signs["-"])))


def _canonical(name: str) -> str:
    return taxonomy.canonical(name) or name.lower()


def _expanded(names: tuple[str, ...]) -> list[str]:
    return [code for name in names for code in _ARCHIVES.get(name, [name])]
