"""A run of text -> elements: code, links, emphasis, formulae, TeX's text commands. One pass from left to right.

Every construct looks ahead a bounded distance or consults an index made beforehand, so time is linear; what does not
parse is text. Raw HTML is text. An image is its description.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from posts.rendering import emphasis, mathml, texmarkup
from posts.rendering.characters import TOKEN, TOKEN_CLOSE, TOKEN_OPEN, is_cjk, is_wide_mark, printable
from posts.rendering.emphasis import Piece, Run
from posts.rendering.formulae import Formula, restore

SCHEMES = frozenset({"http", "https", "mailto"})
MAX_WRAPPERS = 6

_SPECIAL = re.compile(rf"[\\`\[\]!*_~<&\n{TOKEN_OPEN}{{'-]|https?://")
_RUN = re.compile(r"\*+|_+|~+")
_TICKS = re.compile("`+")
_HYPHENS = re.compile("-+")
_ESCAPABLE = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ENTITY = re.compile(r"&(?:#[xX][0-9a-fA-F]{1,6}|#\d{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
_AUTOLINK = re.compile(
    r"<((?:https?://|mailto:)[^\s<>]{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})>"
)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][A-Za-z0-9\-._~:/?#@!$&'()+,;=%]{0,2000}+")
_DESTINATION = re.compile(
    r"\(\s{0,9}(?:<([^<>\n]{0,2000})>|((?:[^\s()<>\\]|\\.|\([^\s()<>]{0,500}\)){0,2000}+))"
    r"""(?:\s{1,9}(?:"([^"]{0,300})"|'([^']{0,300})'|\(([^()]{0,300})\)))?\s{0,9}\)"""
)
# A line that goes on with an enumerator of its own was meant to begin a new line.
_ENUMERATED = re.compile(
    r"\s*(?:[（(](?:\d{1,2}|[一二三四五六七八九十]{1,3}|[a-z])[)）]|[①-⑳⑴-⒇]|[•●▪·]\s|[一二三四五六七八九十]{1,3}、)"
)
_QUOTED = re.compile(r"``([^`\n]{1,300}?)''")
_QUOTED_ONCE = re.compile(r"`([^`'\n]{1,80})'(?![A-Za-z])")
_TIE = re.compile(r"(?:(?<=[a-z]{3})|(?<=[A-Za-z]\.))~(?=[0-9A-Z\\" + TOKEN_OPEN + "])")


@dataclass(frozen=True)
class Style:
    """What is markup in a text. `code`: backticks; `emphasis`: `*`, `_`, `~~`; `links`: brackets and addresses."""

    code: bool = True
    emphasis: bool = True
    brackets: bool = True
    addresses: bool = True


READING = Style()
ABSTRACT = Style(brackets=False)
TITLE = Style(code=False, emphasis=False, brackets=False, addresses=False)


@dataclass
class _Bracket:
    piece: int
    image: bool
    active: bool = True


def fill(
    parent: Element, text: str, formulae: list[Formula], style: Style = READING, wrapped: int = 0
) -> None:
    """Parse `text` (formulae lifted) and append what it says to `parent`, which has no children yet."""
    _build(parent, _Scanner(text, formulae, style, wrapped).scan())


class _Scanner:
    def __init__(self, text: str, formulae: list[Formula], style: Style, wrapped: int) -> None:
        self.text = text
        self.formulae = formulae
        self.style = style
        self.wrapped = wrapped
        self.pieces: list[Piece] = []
        self.brackets: list[_Bracket] = []
        self.quote_ends: dict[int, str] = {}
        self.ticks = _ticks(text) if style.code else {}

    def scan(self) -> list[Piece]:
        position = 0
        while special := _SPECIAL.search(self.text, position):
            start = special.start()
            self._say(self.text[position:start])
            position = self._take(special[0], start)
        self._say(self.text[position:])
        _pair(self.pieces)
        return self.pieces

    def _say(self, text: str) -> None:
        if text:
            self.pieces.append(text)

    def _take(self, special: str, at: int) -> int:
        """Take the construct at `at`; where to go on. One character of text when there is none."""
        end = _TAKERS[special[0]](self, at)
        if end is None:
            self._say(self.text[at])
            return at + 1
        return end

    def _backslash(self, at: int) -> int | None:
        following = self.text[at + 1 : at + 2]
        if following == "\n":
            self.pieces.append(Element("br"))
            return at + 2
        if accent := texmarkup.ACCENT.match(self.text, at):
            self._say(texmarkup.accented(accent[0]))
            return accent.end()
        if following in _ESCAPABLE and following:
            self._say(following)
            return at + 2
        return self._command(at)

    def _command(self, at: int) -> int | None:
        if citation := texmarkup.CITATION.match(self.text, at):
            self._say(f"[{citation[1].strip()}]")
            return citation.end()
        if symbol := texmarkup.SYMBOL.match(self.text, at):
            self._say(texmarkup.SYMBOLS[symbol[1]])
            return symbol.end()
        return self._wrapper(at)

    def _wrapper(self, at: int) -> int | None:
        wrapper = texmarkup.WRAPPER.match(self.text, at)
        if not wrapper or self.wrapped >= MAX_WRAPPERS:
            return None
        end = texmarkup.closing_brace(self.text, wrapper.end())
        if end < 0:
            return None
        inside = self.text[wrapper.end() : end]
        tag = texmarkup.WRAPPERS[wrapper[1] or wrapper[2]]
        if tag == "code":
            self.pieces.append(_code(restore(inside, self.formulae)))
        else:
            made = Element(tag or "span")
            fill(made, inside, self.formulae, self.style, self.wrapped + 1)
            self.pieces.append(made)
        return end + 1

    def _brace(self, at: int) -> int | None:
        if accent := texmarkup.ACCENT.match(self.text, at):
            self._say(texmarkup.accented(accent[0]))
            return accent.end()
        return self._wrapper(at) if self.text.startswith("{\\", at) else None

    def _backtick(self, at: int) -> int | None:
        length = _run_length(self.text, at)
        runs = self.ticks.get(length, [])
        following = bisect_right(runs, at)
        if following < len(runs):
            self.pieces.append(_code(self._code_text(at + length, runs[following])))
            return runs[following] + length
        quoted = _QUOTED.match(self.text, at) or _QUOTED_ONCE.match(self.text, at)
        if quoted and length <= 2:
            double = quoted[0].startswith("``")
            self._say("“" if double else "‘")
            self.quote_ends[quoted.end(1)] = "”" if double else "’"
            return at + length
        self._say("`" * length)
        return at + length

    def _code_text(self, start: int, end: int) -> str:
        code = restore(self.text[start:end], self.formulae).replace("\n", " ")
        return code[1:-1] if code[0] == code[-1] == " " and code.strip() else code

    def _quote(self, at: int) -> int | None:
        mark = self.quote_ends.get(at)
        if not mark:
            return None
        self._say(mark)
        return at + (2 if mark == "”" else 1)

    def _delimiters(self, at: int) -> int | None:
        run = _RUN.match(self.text, at)
        assert run
        if self.text[at] == "~" and _TIE.match(self.text, at):
            self._say("\u00a0")
            return at + 1
        if not self.style.emphasis:
            self._say(run[0])
        else:
            before, after = self.text[at - 1 : at] if at else "", self.text[run.end() : run.end() + 1]
            self.pieces.append(emphasis.run(run[0][0], len(run[0]), before, after))
        return run.end()

    def _dashes(self, at: int) -> int | None:
        """`--` between words is an en dash, `---` an em dash; ` --flag` stays."""
        run = _HYPHENS.match(self.text, at)
        assert run
        end = run.end()
        before, after = self.text[at - 1 : at] if at else " ", self.text[end : end + 1] or " "
        dash = {2: "–", 3: "—"}.get(end - at)
        joins = (before.isalnum() or before in f").}}”’{TOKEN_CLOSE}") and not after.isspace()
        if dash and (joins or (before == after == " ") or (dash == "—" and after not in "!>")):
            self._say(dash)
        else:
            self._say(self.text[at:end])
        return end

    def _less(self, at: int) -> int | None:
        link = _AUTOLINK.match(self.text, at) if self.style.addresses else None
        if not link:
            return None
        target = link[1] if ":" in link[1] else f"mailto:{link[1]}"
        return link.end() if self._link_to(restore(target, self.formulae), link[1]) else None

    def _address(self, at: int) -> int | None:
        match = _ADDRESS.match(self.text, at) if self.style.addresses else None
        if not match or (at and self.text[at - 1].isascii() and self.text[at - 1].isalnum()):
            return None
        address = _trimmed(match[0])
        return at + len(address) if self._link_to(address, address) else None

    def _link_to(self, target: str, shown: str) -> bool:
        if not allowed(target):
            return False
        link = Element("a", {"href": target})
        link.text = restore(shown, self.formulae)
        self.pieces.append(link)
        return True

    def _entity(self, at: int) -> int | None:
        entity = _ENTITY.match(self.text, at)
        char = unescape(entity[0]) if entity else ""
        if not entity or char == entity[0]:
            return None
        self._say(printable(char))
        return entity.end()

    def _formula(self, at: int) -> int | None:
        token = TOKEN.match(self.text, at)
        assert token
        self.pieces.append(mathml.element(self.formulae[int(token[1])]))
        return token.end()

    def _line_end(self, at: int) -> int | None:
        last = self.pieces[-1] if self.pieces else ""
        bare = last.rstrip(" ") if isinstance(last, str) else ""
        spaces = len(last) - len(bare) if isinstance(last, str) else 0
        if spaces:
            self.pieces[-1] = bare
        if spaces >= 2 or _ENUMERATED.match(self.text, at + 1):
            self.pieces.append(Element("br"))
        else:
            self._say(_joint(self.text, at))
        return at + 1

    # Links and images

    def _open_bracket(self, at: int) -> int | None:
        if not self.style.brackets:
            return None
        self.brackets.append(_Bracket(len(self.pieces), False))
        self._say("[")
        return at + 1

    def _exclamation(self, at: int) -> int | None:
        if not self.style.brackets or not self.text.startswith("![", at):
            return None
        self.brackets.append(_Bracket(len(self.pieces), True))
        self._say("![")
        return at + 2

    def _close_bracket(self, at: int) -> int | None:
        if not self.brackets:
            return None
        bracket = self.brackets.pop()
        target = _DESTINATION.match(self.text, at + 1) if bracket.active else None
        if not target:
            return None
        if bracket.image:
            self.pieces[bracket.piece] = ""
            return target.end()
        href = self._href(target)
        if not allowed(href):
            return None
        self._link(bracket, href)
        return target.end()

    def _href(self, target: re.Match[str]) -> str:
        written = target[1] if target[1] is not None else target[2]
        return unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", restore(written, self.formulae)))

    def _link(self, bracket: _Bracket, href: str) -> None:
        inside = self.pieces[bracket.piece + 1 :]
        del self.pieces[bracket.piece :]
        _pair(inside)
        link = Element("a", {"href": href})
        _build(link, [_unlinked(piece) for piece in inside])
        self.pieces.append(link)
        for outer in self.brackets:
            outer.active = outer.active and outer.image


_TAKERS = {
    "\\": _Scanner._backslash, "`": _Scanner._backtick, "[": _Scanner._open_bracket, "]": _Scanner._close_bracket,
    "!": _Scanner._exclamation, "*": _Scanner._delimiters, "_": _Scanner._delimiters, "~": _Scanner._delimiters,
    "<": _Scanner._less, "&": _Scanner._entity, "\n": _Scanner._line_end, TOKEN_OPEN: _Scanner._formula,
    "{": _Scanner._brace, "'": _Scanner._quote, "-": _Scanner._dashes, "h": _Scanner._address,
}  # fmt: skip


def allowed(address: str) -> bool:
    """An absolute http, https or mailto address without white space or control characters."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme.lower() not in SCHEMES or address != printable(address) or re.search(r"\s", address):
        return False
    return bool(parts.netloc) if parts.scheme.lower() != "mailto" else "@" in parts.path


def _trimmed(address: str) -> str:
    """The address without the sentence's punctuation behind it."""
    while address:
        if address[-1] in ".,;:!?'_~&" or (address[-1] == ")" and address.count("(") < address.count(")")):
            address = address[:-1]
        else:
            break
    return address


def _joint(text: str, at: int) -> str:
    """What a line end becomes: nothing between Han or beside full-width marks, else the line end itself."""
    before = text[max(0, at - 8) : at].rstrip(" *_~")[-1:]
    after = text[at + 1 : at + 9].lstrip(" *_~")[:1]
    if not before or not after:
        return "\n"
    joined = (is_cjk(before) and is_cjk(after)) or is_wide_mark(before) or is_wide_mark(after)
    return "" if joined else "\n"


def _ticks(text: str) -> dict[int, list[int]]:
    runs: dict[int, list[int]] = {}
    for run in _TICKS.finditer(text):
        runs.setdefault(len(run[0]), []).append(run.start())
    return runs


def _run_length(text: str, at: int) -> int:
    run = _TICKS.match(text, at)
    return len(run[0]) if run else 0


def _code(text: str) -> Element:
    code = Element("code")
    code.text = text
    return code


def _unlinked(piece: Piece) -> Piece:
    """No link inside a link: an address in a link's text is text."""
    return "".join(piece.itertext()) if isinstance(piece, Element) and piece.tag == "a" else piece


def _pair(pieces: list[Piece]) -> None:
    emphasis.pair(pieces)
    emphasis.pair_spaced(pieces)


def _build(parent: Element, pieces: list[Piece]) -> None:
    """Append the pieces to `parent`, nesting what the paired runs enclose."""
    path = [parent]
    for piece in pieces:
        if isinstance(piece, Run):
            _build_run(path, piece)
        elif isinstance(piece, Element):
            path[-1].append(piece)
        else:
            _append_text(path[-1], str(piece))


def _build_run(path: list[Element], run: Run) -> None:
    del path[len(path) - len(run.closes) :]
    _append_text(path[-1], run.literal())
    for kind in reversed(run.opens):
        made = Element(kind)
        # Too deep for any reader: the text goes on without the emphasis.
        if len(path) <= emphasis.MAX_NESTING:
            path[-1].append(made)
        path.append(made if len(path) <= emphasis.MAX_NESTING else path[-1])


def _append_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
