"""Cuts PL/SQL text into tokens that know where they stand."""

from __future__ import annotations

import bisect
import enum
import re
from dataclasses import dataclass

from emulator.plsql.exceptions import CompileError

_QUOTE_ENDS = {"[": "]", "(": ")", "{": "}", "<": ">"}
_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<badcomment>/\*)
  | (?P<qquote>[nN]?[qQ]'(?P<open>.))
  | (?P<string>[nN]?'(?:[^']|'')*')
  | (?P<quoted>"[^"]+")
  | (?P<number>(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?P<suffix>[fFdD](?![\w$\#]))?)
  | (?P<sign>:=|=>|\.\.|\*\*|\|\||<=|>=|<>|!=|~=|\^=|<<|>>)
  | (?P<bind>:\s*(?:[^\W\d][\w$\#]*|\d+|"[^"]+"))
  | (?P<word>[^\W\d][\w$\#]*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class TokenKind(enum.Enum):
    """What a token is."""

    WORD = "word"
    #: A name in double quotes: never a keyword.
    QUOTED = "quoted"
    NUMBER = "number"
    STRING = "string"
    BIND = "bind"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token."""

    kind: TokenKind
    #: Words in upper case, quoted names without quotes, strings by their value, binds without the colon.
    value: str
    start: int
    end: int


class Source:
    """A text, its tokens, and the line and column of each offset."""

    def __init__(self, text: str) -> None:
        """Cut the text.

        Raises:
            CompileError: A string or comment has no end.
        """
        self.text = text
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.tokens = _tokenise(text)

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both from 1."""
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1


def _tokenise(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:  # cannot happen: `other` matches any character
            raise CompileError("PLS-00103: Encountered the symbol", at)
        start, at = at, match.end()
        kind = match.lastgroup
        if match["qquote"]:
            close = _QUOTE_ENDS.get(match["open"], match["open"]) + "'"
            end = text.find(close, at)
            if end < 0:
                raise CompileError("PLS-00112: end-of-line in quoted identifier or string", start)
            tokens.append(Token(TokenKind.STRING, text[at:end], start, end + 2))
            at = end + 2
        elif match["string"]:
            body = match[0][match[0].index("'") + 1 : -1]
            tokens.append(Token(TokenKind.STRING, body.replace("''", "'"), start, at))
        elif match["quoted"]:
            tokens.append(Token(TokenKind.QUOTED, match[0][1:-1], start, at))
        elif match["number"]:
            tokens.append(Token(TokenKind.NUMBER, match[0], start, at))
        elif kind in {"sign", "other"}:
            if match[0] in "'\"":
                raise CompileError("PLS-00103: Encountered the symbol end-of-file in a string", start)
            tokens.append(Token(TokenKind.SIGN, match[0], start, at))
        elif kind == "bind":
            name = match[0][1:].strip()
            value = name[1:-1] if name.startswith('"') else name.upper()
            tokens.append(Token(TokenKind.BIND, value, start, at))
        elif kind == "word":
            tokens.append(Token(TokenKind.WORD, match[0].upper(), start, at))
        elif kind == "badcomment":
            raise CompileError("PLS-00103: Encountered the symbol end-of-file in a comment", start)
    tokens.append(Token(TokenKind.END, "end-of-file", len(text), len(text)))
    return tokens
