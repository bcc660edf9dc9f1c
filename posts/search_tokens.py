"""The tokens that search works with, the same for both engines: words, and pairs of Han characters.

A run of Han has no spaces, and most Chinese words have two characters. So a run is stored as its
overlapping pairs, and a query for a word is a phrase of its pairs; single characters are stored once
a text. Everything is NFKC, casefolded and without accents, hence plain letters and digits.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

HAN = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")
_IS_HAN = re.compile(rf"[{HAN}]")
_ATOM = re.compile(r'(-?)(?:"([^"]*)"|“([^”]*)”|(\S+))')
# Latin words as a name is written: HuBERT, Qwen2.5-Omni, Whisper large-v3.
_NAME = re.compile(rf"[^\W_{HAN}]+(?:[ \-.+/'’&][^\W_{HAN}]+)*")
MAX_ATOMS = 12
MAX_WORD = 64


@dataclass(frozen=True)
class Phrase:
    """Tokens that must follow one another; the last may be the beginning of a word."""

    tokens: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True)
class Query:
    """What must be in a text, and what must not."""

    wanted: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...] = ()


def plain(text: str) -> str:
    """Text as it is compared: NFKC, casefolded, accents off."""
    folded = unicodedata.normalize("NFKC", text.replace("\x00", " ")).casefold()
    parts = unicodedata.normalize("NFD", folded)
    kept = "".join(c for c in parts if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", kept)


def text_tokens(*texts: str) -> list[str]:
    """The tokens of a document in order, then each of its Han characters once."""
    runs = [run for text in texts for run in _RUN.findall(plain(text))]
    characters = {c for run in runs if _IS_HAN.match(run) for c in run}
    return [token for run in runs for token in _run_tokens(run)] + sorted(characters)


def names(text: str) -> list[str]:
    """What a Chinese text calls by Latin names (methods, data sets, models), each once; bare numbers are none."""
    found = (name for name in _NAME.findall(plain(text)) if not name.replace(".", "").isdigit())
    return list(dict.fromkeys(found))


def facet_token(kind: str, value: str) -> str:
    """A facet's value as one token, so that a filter is one more word to look for."""
    return "f" + hashlib.sha256(f"{kind}:{value}".encode("utf-8", "replace")).hexdigest()[:16]


def parse(text: str) -> Query:
    """Read what a person typed: words, "phrases", -unwanted, begin*. Never raises."""
    wanted: list[Phrase] = []
    unwanted: list[Phrase] = []
    for minus, *quoted in _ATOM.findall(text)[:MAX_ATOMS]:
        atom = next(filter(None, quoted), "")
        (unwanted if minus else wanted).extend(_phrases(atom))
    return Query(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))


def _run_tokens(run: str) -> list[str]:
    if not _IS_HAN.match(run):
        return [run[:MAX_WORD]]
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _phrases(atom: str) -> Iterator[Phrase]:
    """Words beside one another stay together (zero-shot); a run of Han stands for itself."""
    words: list[str] = []
    for run in _RUN.findall(plain(atom)):
        if _IS_HAN.match(run):
            yield Phrase(tuple(_run_tokens(run)))
        else:
            words.append(run[:MAX_WORD])
    if words:
        yield Phrase(tuple(words), is_prefix=atom.endswith("*"))
