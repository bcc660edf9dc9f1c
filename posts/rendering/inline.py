"""A run of text -> elements: code, links, emphasis, formulae, TeX's text commands. One pass from left to right.

Every construct looks ahead a bounded distance or consults an index made beforehand, so time is linear; what does not
parse is text. Raw HTML is text. An image is its description.
"""

import re
from dataclasses import dataclass
from html import unescape
from xml.etree.ElementTree import Element

from posts.rendering import assembly, emphasis, line_ends, links, mathml, texmarkup
from posts.rendering.backticks import RUN, Backticks
from posts.rendering.characters import TOKEN, TOKEN_CLOSE, TOKEN_OPEN, printable
from posts.rendering.emphasis import Piece
from posts.rendering.formulae import Formula, restore
from posts.rendering.styles import READING, Style

MAX_WRAPPERS = 6

_SPECIAL = re.compile(rf"[\\`\[\]!*_~<&\n{TOKEN_OPEN}{{'-]|https?://")
_TEX_LINE_END = re.compile(r"\\\\(?=\s)")
# `3\,ms`: a space, where Markdown alone would see an escaped comma.
_THIN_SPACE = re.compile(rf"(?<=[0-9A-Za-z%){TOKEN_CLOSE}])\\,(?=[0-9A-Za-z\\%({TOKEN_OPEN}])")
_OPENING = frozenset("（［｛〔【《〈「『“‘([")
_DELIMITERS = re.compile(r"\*+|_+|~+")
_HYPHENS = re.compile("-+")
_ESCAPABLE = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ")
_ENTITY = re.compile(r"&(?:#[xX][0-9a-fA-F]{1,6}|#\d{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")
# TeX's unbreakable space, not the 约~ of ranges.
_TIE = re.compile(
    rf"(?:(?<=[a-z]{{3}})|(?<=[A-Za-z]\.))~(?=[0-9A-Z\\{TOKEN_OPEN}])|~(?=\\(?:[a-zA-Z]*ref|cite[a-z]*)\W)"
)


@dataclass
class _Bracket:
    """An open `[` or `![`: the index of its piece. A link switches the `[` around it off."""

    piece: int
    image: bool
    active: bool = True


def fill(
    parent: Element, text: str, formulae: list[Formula], style: Style = READING, wrapped: int = 0
) -> None:
    """Append to `parent`, which has no children yet, what `text` (its formulae lifted) says."""
    assembly.build(parent, _Scanner(text, formulae, style, wrapped).scan())


class _Scanner:
    """Turns a text into pieces. A method for each special character takes what begins there: see _TAKERS."""

    def __init__(self, text: str, formulae: list[Formula], style: Style, wrapped: int) -> None:
        self.text = text
        self.formulae = formulae
        self.style = style
        self.wrapped = wrapped
        self.pieces: list[Piece] = []
        self.brackets: list[_Bracket] = []
        self.quotation_ends: dict[int, str] = {}
        self.backticks = Backticks(text, style.code)
        self.braces = texmarkup.Braces(text)

    def scan(self) -> list[Piece]:
        position = 0
        while special := _SPECIAL.search(self.text, position):
            self._say(self.text[position : special.start()])
            position = self._take(special.start())
        self._say(self.text[position:])
        return self.pieces

    def _take(self, at: int) -> int:
        """Take what begins at `at`, if only a character of text; where to go on."""
        end = _TAKERS[self.text[at]](self, at)
        if end is None:
            self._say(self.text[at])
            return at + 1
        return end

    def _say(self, text: str) -> None:
        if text:
            self.pieces.append(text)

    def _restored(self, text: str) -> str:
        return restore(text, self.formulae)

    # TeX and escapes

    def _backslash(self, at: int) -> int | None:
        following = self.text[at + 1 : at + 2]
        if following == "\n":
            self.pieces.append(Element("br"))
            return at + 2
        if not self.style.brackets and _TEX_LINE_END.match(self.text, at):
            self._say(" ")
            return at + 2
        if _THIN_SPACE.match(self.text, at):
            self._say("\u00a0")
            return at + 2
        end = self._command(at)
        if end is None and following in _ESCAPABLE and following:
            self._say(following)
            return at + 2
        return end

    def _brace(self, at: int) -> int | None:
        return self._command(at) if self.text.startswith("{\\", at) else None

    def _command(self, at: int) -> int | None:
        command = texmarkup.command(self.text, at, self.braces)
        if command is None or (command.inside and self.wrapped >= MAX_WRAPPERS):
            return None
        if command.breaks:
            self.pieces.append(Element("br"))
        self._say(command.text)
        if command.tag == "code":
            self.pieces.append(assembly.code(self._restored(command.inside)))
        elif command.inside:
            self._wrap(command)
        return command.end

    def _wrap(self, command: texmarkup.Command) -> None:
        made = Element(command.tag or "group")
        if self.style.addresses and links.allowed(command.address):
            made = assembly.link(command.address)
        fill(made, command.inside, self.formulae, self.style, self.wrapped + 1)
        self.pieces.append(made)

    def _dashes(self, at: int) -> int | None:
        run = _HYPHENS.match(self.text, at)
        assert run
        self._say(texmarkup.dash(self.text, at, run.end()))
        return run.end()

    # Code and quotations

    def _backtick(self, at: int) -> int | None:
        run = RUN.match(self.text, at)
        assert run
        closing = self.backticks.closing(at, len(run[0]))
        if closing is not None:
            self.pieces.append(assembly.code(self._code_text(run.end(), closing)))
            return closing + len(run[0])
        quotation = self.backticks.quotation(at, len(run[0]))
        if quotation is not None:
            self._say("“" if len(run[0]) == 2 else "‘")
            self.quotation_ends[quotation] = "”" if len(run[0]) == 2 else "’"
        else:
            self._say(run[0])
        return run.end()

    def _code_text(self, start: int, end: int) -> str:
        code = self._restored(self.text[start:end]).replace("\n", " ")
        return code[1:-1] if code[0] == code[-1] == " " and code.strip() else code

    def _quote(self, at: int) -> int | None:
        mark = self.quotation_ends.get(at, "")
        self._say(mark)
        return at + (2 if mark == "”" else 1) if mark else None

    # Emphasis, formulae, line ends

    def _delimiters(self, at: int) -> int | None:
        if _TIE.match(self.text, at):
            self._say("\u00a0")
            return at + 1
        run = _DELIMITERS.match(self.text, at)
        assert run
        if self.style.emphasis:
            before, after = self.text[at - 1 : at] if at else "", self.text[run.end() : run.end() + 1]
            self.pieces.append(emphasis.run(run[0][0], len(run[0]), before, after))
        else:
            self._say(run[0])
        return run.end()

    def _formula(self, at: int) -> int | None:
        token = TOKEN.match(self.text, at)
        assert token
        formula = self.formulae[int(token[1])]
        if self.style.mathml:
            self.pieces.append(self._kept_with_bracket(mathml.element(formula)))
        else:
            self._say(texmarkup.spoken(formula.tex))
        return token.end()

    def _kept_with_bracket(self, made: Element) -> Element:
        """Browsers break the line before a formula even after an opening bracket; CLREQ forbids that."""
        before = self.pieces[-1] if self.pieces else ""
        if made.get("display") != "inline" or not isinstance(before, str) or before[-1:] not in _OPENING:
            return made
        self.pieces[-1] = before[:-1]
        both = Element("span", {"class": "nobr"})
        both.text = before[-1]
        both.append(made)
        return both

    def _entity(self, at: int) -> int | None:
        entity = _ENTITY.match(self.text, at)
        char = unescape(entity[0]) if entity else ""
        if not entity or char == entity[0]:
            return None
        self._say(printable(char))
        return entity.end()

    def _line_end(self, at: int) -> int | None:
        last = self.pieces[-1] if self.pieces else ""
        spaces = len(last) - len(last.rstrip(" ")) if isinstance(last, str) else 0
        if isinstance(last, str) and spaces:
            self.pieces[-1] = last.rstrip(" ")
        if spaces >= 2 or line_ends.is_kept(self.text, at):
            self.pieces.append(Element("br"))
        else:
            self._say(line_ends.joint(self.text, at))
        return at + 1

    # Links and images

    def _less(self, at: int) -> int | None:
        match = links.AUTOLINK.match(self.text, at) if self.style.addresses else None
        if not match:
            return None
        address = match[1] if ":" in match[1] else f"mailto:{match[1]}"
        return match.end() if self._link(address, match[1]) else None

    def _address(self, at: int) -> int | None:
        match = links.ADDRESS.match(self.text, at) if self.style.addresses else None
        if not match or (at and self.text[at - 1].isascii() and self.text[at - 1].isalnum()):
            return None
        address = links.trimmed(match[0])
        return at + len(address) if self._link(address, address) else None

    def _link(self, address: str, text: str) -> bool:
        address = self._restored(address)
        if links.allowed(address):
            self.pieces.append(assembly.link(address, self._restored(text)))
            return True
        return False

    def _opening_bracket(self, at: int) -> int | None:
        return self._open_bracket(at, "[")

    def _exclamation(self, at: int) -> int | None:
        return self._open_bracket(at, "![") if self.text.startswith("![", at) else None

    def _open_bracket(self, at: int, mark: str) -> int | None:
        if not self.style.brackets:
            return None
        self.brackets.append(_Bracket(len(self.pieces), mark == "!["))
        self._say(mark)
        return at + len(mark)

    def _closing_bracket(self, at: int) -> int | None:
        bracket = self.brackets.pop() if self.brackets else None
        target = links.DESTINATION.match(self.text, at + 1) if bracket and bracket.active else None
        if not bracket or not target:
            return None
        if bracket.image:
            self.pieces[bracket.piece] = ""
            return target.end()
        address = self._restored(links.destination(target))
        if not links.allowed(address):
            return None
        self._enclose(bracket, address)
        return target.end()

    def _enclose(self, bracket: _Bracket, address: str) -> None:
        """Put the pieces since `bracket` into a link; no link may stand around it."""
        inside = [assembly.unlinked(piece) for piece in self.pieces[bracket.piece + 1 :]]
        del self.pieces[bracket.piece :]
        link = assembly.link(address)
        assembly.build(link, inside)
        self.pieces.append(link)
        for outer in self.brackets:
            outer.active = outer.active and outer.image


_TAKERS = {
    "\\": _Scanner._backslash, "`": _Scanner._backtick, "[": _Scanner._opening_bracket, "]": _Scanner._closing_bracket,
    "!": _Scanner._exclamation, "*": _Scanner._delimiters, "_": _Scanner._delimiters, "~": _Scanner._delimiters,
    "<": _Scanner._less, "&": _Scanner._entity, "\n": _Scanner._line_end, TOKEN_OPEN: _Scanner._formula,
    "{": _Scanner._brace, "'": _Scanner._quote, "-": _Scanner._dashes, "h": _Scanner._address,
}  # fmt: skip
