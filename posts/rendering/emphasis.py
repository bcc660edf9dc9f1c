"""Runs of `*`, `_` and `~`: which of them open and close emphasis.

CommonMark's rules (https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis) ask for a space between closing
punctuation and the next word, which Chinese does not write. So a Han neighbour counts like a space on the far side of
punctuation (`**注意：**正文`), `__粗体__` works between Han, `** 粗体 **` is bold as a last resort, and a lone `*`
between digits (`3*3`) is a sign.
"""

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from posts.rendering.characters import has_han, is_chinese, is_punctuation

MAX_NESTING = 12
# How many pieces `** 粗体 **` may hold; a bound on looking back.
MAX_SPACED = 24
_KINDS = {("*", 1): "em", ("_", 1): "em", ("*", 2): "strong", ("_", 2): "strong", ("~", 2): "del"}


@dataclass
class Run:
    """A run of one delimiter. What is not consumed by `closes` and `opens` is text."""

    char: str
    length: int
    opener: bool
    closer: bool
    left: int = 0
    closes: list[str] = field(default_factory=list)
    opens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = self.length

    def literal(self) -> str:
        return self.char * self.left


# A row of pieces is a line of inline text.
Piece = str | Element | Run


def run(char: str, length: int, before: str, after: str) -> Run:
    """The run between the characters `before` and `after` (empty at the ends of the text)."""
    left, right = _flanks(before, after), _flanks(after, before)
    if char == "_":
        left, right = _underscore(left, right, length, before, after)
    if char == "~" and length != 2:
        left = right = False
    if char == "*" and length == 1 and _is_sign(before, after):
        left = right = False
    return Run(char, length, left, right)


def _flanks(outside: str, inside: str) -> bool:
    if not inside or inside.isspace():
        return False
    if not is_punctuation(inside):
        return True
    return not outside or outside.isspace() or is_punctuation(outside) or is_chinese(outside)


def _underscore(left: bool, right: bool, length: int, before: str, after: str) -> tuple[bool, bool]:
    opens = left and (not right or is_punctuation(before) or _between_han(length, before, after))
    closes = right and (not left or is_punctuation(after) or _between_han(length, before, after))
    return opens, closes


def _between_han(length: int, before: str, after: str) -> bool:
    return length == 2 and is_chinese(before) and is_chinese(after)


def _is_sign(before: str, after: str) -> bool:
    ascii_words = before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
    return ascii_words and (before.isdigit() or after.isdigit())


def pair(pieces: list[Piece]) -> None:
    """Pair the runs among `pieces`, in place: CommonMark's "process emphasis" procedure."""
    stack: list[Run] = []
    # For each kind of closer, the depth of the stack below which no opener was found.
    bottom: dict[tuple[str, bool, int], int] = {}
    for piece in pieces:
        if not isinstance(piece, Run):
            continue
        if piece.closer:
            _close(piece, stack, bottom)
        if piece.opener and piece.left:
            stack.append(piece)


def _close(closer: Run, stack: list[Run], bottom: dict[tuple[str, bool, int], int]) -> None:
    key = (closer.char, closer.opener, closer.length % 3)
    while closer.left:
        found = _opener(closer, stack, bottom.get(key, 0))
        if found is None:
            bottom[key] = len(stack)
            return
        opener = stack[found]
        del stack[found + 1 :]
        size = 2 if opener.left >= 2 and closer.left >= 2 else 1
        kind = _KINDS[closer.char, size]
        opener.opens.append(kind)
        closer.closes.append(kind)
        opener.left -= size
        closer.left -= size
        if not opener.left:
            stack.pop()
        _lower(bottom, len(stack))


def _lower(bottom: dict[tuple[str, bool, int], int], height: int) -> None:
    for key, depth in bottom.items():
        if depth > height:
            bottom[key] = height


def _opener(closer: Run, stack: list[Run], bottom: int) -> int | None:
    for index in range(len(stack) - 1, bottom - 1, -1):
        if stack[index].char == closer.char and _match(stack[index], closer):
            return index
    return None


def _match(opener: Run, closer: Run) -> bool:
    """CommonMark's rules 9 and 10; `~~` takes only `~~`."""
    if (opener.closer or closer.opener) and closer.char != "~":
        return (opener.length + closer.length) % 3 != 0 or opener.length % 3 == closer.length % 3 == 0
    return True


def pair_spaced(pieces: list[Piece]) -> None:
    """Bold for `** 粗体 **`: pairs of unused `**` at one level, on one line, around Han."""
    levels: list[int | None] = [None]
    for index, piece in enumerate(pieces):
        if isinstance(piece, str) and "\n" in piece:
            levels = [None] * len(levels)
        if not isinstance(piece, Run):
            continue
        del levels[max(1, len(levels) - len(piece.closes)) :]
        if piece.char == "*" and piece.length == piece.left == 2:
            levels[-1] = _paired(pieces, levels[-1], index)
        levels += [None] * len(piece.opens)


def _paired(pieces: list[Piece], start: int | None, index: int) -> int | None:
    """Make bold from `start` to `index` if that is meant; else `index` is the new start."""
    if start is None or index - start > MAX_SPACED:
        return index
    inside = "".join(piece for piece in pieces[start + 1 : index] if isinstance(piece, str)).strip()
    # A digit behind `**` means a power.
    if not has_han(inside) or inside[0].isdigit():
        return index
    opener, closer = pieces[start], pieces[index]
    assert isinstance(opener, Run) and isinstance(closer, Run)
    opener.opens, opener.left = ["strong"], 0
    closer.closes, closer.left = ["strong"], 0
    first = pieces[start + 1]
    pieces[start + 1] = first.lstrip() if isinstance(first, str) else first
    last = pieces[index - 1]
    pieces[index - 1] = last.rstrip() if isinstance(last, str) else last
    return None
