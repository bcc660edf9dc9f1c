"""Is this language? Statistics that tell text from font numbers, from shifted letters and from a scan."""

import re

from . import tidy

LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
HAN_OR_KANA = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
CID = re.compile(r"\(cid:\d+\)")
# The commonest short words of the languages that arXiv's papers are written in.
COMMON = tidy.names(
    "the of and to in is we for that with as by on are this be from an it at or which can "
    "de la le les des et en que el los del un une est dans pour der die das und von mit ist den zu "
    "il di che per non con"
)
LEAST_LETTERS = 80
SAMPLE = 25_000  # letters from either end tell enough
# Running text has 35 to 50 % of such words; a page of tables or formulae some 10 %.
LEAST_COMMON_SHARE = 0.04
MOST_CID_SHARE = 0.15
LEAST_LETTER_SHARE = 0.35


def verdict(text: str) -> str:
    """ "" when the text can be read, else "empty" (hardly a letter) or "garbled"."""
    text = text if len(text) < 2 * SAMPLE else text[:SAMPLE] + text[-SAMPLE:]
    letters = sum(map(str.isalpha, text))
    if letters < LEAST_LETTERS:
        return "garbled" if len(CID.findall(text)) > LEAST_LETTERS else "empty"
    return "" if is_language(text, letters) else "garbled"


def is_language(text: str, letters: int) -> bool:
    if letters < LEAST_LETTER_SHARE * len("".join(text.split())):
        return False
    # A formula's symbols alone may be unmapped; a text of them is not one.
    if sum(map(len, CID.findall(text))) > MOST_CID_SHARE * len(text):
        return False
    if len(HAN_OR_KANA.findall(text)) > letters / 4:
        return True
    words = LATIN_WORD.findall(text)
    if len(words) < letters / 40:  # another script: nothing to compare with
        return True
    common = sum(map(COMMON.__contains__, map(str.lower, words)))
    return common >= LEAST_COMMON_SHARE * len(words)
