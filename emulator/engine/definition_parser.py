"""Reads DDL: tokens, names, types and constraints. What the statements do is in ``definitions``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.datatypes import LONGEST_NAME_BYTES, SqlType, TypeName, VectorFormat
from emulator.errors import NotEmulated, OraError

_TOKEN = re.compile(
    r"""\s+|--[^\n]*|/\*.*?\*/|(?P<string>[nN]?[qQ]'(?:\[.*?\]'|\(.*?\)'|\{.*?\}'|<.*?>'|(?P<mark>[^\s\[({<]).*?(?P=mark)')|[nN]?'(?:[^']|'')*')|(?P<quoted>"[^"]+")|(?P<word>[^\W\d][\w$\#]*)|"""
    r"""(?P<number>\d+(?:\.\d+)?)|(?P<sign>.)""",
    re.DOTALL,
)
#: Bytes, with MAX_STRING_SIZE = STANDARD, the default.
_LONGEST_VARCHAR2, _LONGEST_CHAR = 4000, 2000
#: Binary digits of FLOAT: all that a NUMBER has.
_FLOAT_DIGITS = 126

#: Decimal digits of a NUMBER with a precision.
_MOST_DIGITS = 38


@dataclass(frozen=True, slots=True)
class Token:
    """A token of DDL."""

    text: str
    #: Upper case for words, as written for the rest.
    word: str
    kind: str
    offset: int


def tokens_of(text: str) -> list[Token]:
    """Split DDL into tokens; the last one is the empty end token."""
    tokens = [
        Token(match[0], match[0].upper() if match.lastgroup == "word" else match[0], match.lastgroup, match.start())
        for match in _TOKEN.finditer(text)
        if match.lastgroup is not None
    ]
    return [*tokens, Token("", "", "end", len(text))]


class DefinitionParser:
    """A cursor over the tokens of one DDL statement."""

    def __init__(self, text: str) -> None:
        """Start at the first token."""
        self.text = text
        self._tokens = tokens_of(text)
        self._at = 0

    @property
    def token(self) -> Token:
        """The token that is next."""
        return self._tokens[self._at]

    def peek(self, ahead: int = 1) -> Token:
        """Return a token further on."""
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Take the next token."""
        token = self.token
        if token.kind != "end":
            self._at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take the given words if they come next, all of them or none."""
        if all(self.peek(number).word == word for number, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def expect(self, *words: str, code: int = 922) -> None:
        """Take the given words or fail with a code."""
        if not self.accept(*words):
            raise OraError(code, offset=self.token.offset)

    def cut_container_clause(self) -> None:
        """Take ``CONTAINER = CURRENT`` off the end; this is no root container, so ALL is refused.

        Raises:
            OraError: 65050.
        """
        words = [token.word for token in self._tokens[-4:-1]]
        if words[:2] == ["CONTAINER", "="]:
            if words[2] == "ALL":
                raise OraError(65050)
            if words[2] == "CURRENT":
                del self._tokens[-4:-1]

    def end(self) -> None:
        """Fail if anything is left: a clause that is not known must not be ignored."""
        if self.token.kind != "end":
            if self.token.word == ";":
                raise OraError(933, offset=self.token.offset)
            raise NotEmulated(f"clause {self.text[self.token.offset :][:40]!r}", offset=self.token.offset)

    def name(self) -> str:
        """Take a name, as the dictionary stores it."""
        token = self.advance()
        if token.kind == "quoted":
            name = token.text[1:-1]
        elif token.kind == "word":
            name = token.word
        else:
            raise OraError(903 if token.kind != "end" else 922, offset=token.offset)
        if len(name.encode()) > LONGEST_NAME_BYTES:
            raise OraError(972, offset=token.offset)
        return name

    def qualified_name(self) -> tuple[str | None, str]:
        """Take ``[schema.]name``."""
        first = self.name()
        return (first, self.name()) if self.accept(".") else (None, first)

    def names(self) -> tuple[str, ...]:
        """Take ``(name, …)``."""
        self.expect("(", code=906)
        names = [self.name()]
        while self.accept(","):
            names.append(self.name())
        self.expect(")", code=907)
        return tuple(names)

    def number(self) -> int:
        """Take a whole number, with or without a minus."""
        sign = -1 if self.accept("-") else 1
        token = self.advance()
        if token.kind != "number" or "." in token.text:
            raise OraError(922, offset=token.offset)
        return sign * int(token.text)

    def bracketed_text(self) -> str:
        """Take ``( … )`` and return what is inside."""
        start = self.token.offset
        self.expect("(", code=906)
        depth = 1
        while depth:
            token = self.advance()
            if token.kind == "end":
                raise OraError(907, offset=token.offset)
            depth += {"(": 1, ")": -1}.get(token.word, 0)
        return self.text[start + 1 : self._tokens[self._at - 1].offset].strip()

    def rest_text(self) -> str:
        """Take everything that is left and return it."""
        start = self.token.offset
        self._at = len(self._tokens) - 1
        return self.text[start:].rstrip()

    def expression_text(self, stops: frozenset[str]) -> str:
        """Take a default's expression up to a comma, a closing bracket or one of the words, and return its text."""
        start, depth = self.token.offset, 0
        while self.token.kind != "end":
            word = self.token.word
            if depth == 0 and (word in {",", ")"} or word in stops):
                break
            depth += {"(": 1, ")": -1}.get(word, 0)
            self.advance()
        return self.text[start : self.token.offset].strip()

    # ------------------------------------------------------------------ types

    def data_type(self) -> SqlType:
        """Take a column's type.

        Raises:
            OraError: 902 for a type that Oracle does not have; 3001 for one that is not emulated.
        """
        token = self.advance()
        word = token.word
        if word in _FIXED:
            return _FIXED[word]
        if word in {"NUMBER", "NUMERIC", "DECIMAL", "DEC"}:
            return self._number()
        if word in {"VARCHAR2", "NVARCHAR2", "VARCHAR", "CHAR", "NCHAR", "CHARACTER"}:
            return self._characters(word)
        if word == "RAW":
            self.expect("(", code=906)
            size = self.number()
            self.expect(")", code=907)
            return SqlType(TypeName.RAW, size=size)
        if word == "LONG":
            return SqlType(TypeName.LONG_RAW if self.accept("RAW") else TypeName.LONG)
        if word == "TIMESTAMP":
            return self._timestamp()
        if word == "VECTOR":
            return self._vector()
        if word == "DOUBLE":
            self.expect("PRECISION", code=902)
            return SqlType(TypeName.NUMBER, precision=_FLOAT_DIGITS)
        if word == "FLOAT":
            return self._float()
        if word in {"INTERVAL", "JSON", "XMLTYPE", "BFILE", "ROWID", "UROWID", "SDO_GEOMETRY"}:
            raise NotEmulated(f"data type {word}", offset=token.offset)
        if token.word == "AS":
            raise NotEmulated("AS of a column", offset=token.offset)
        raise OraError(902, offset=token.offset)

    def _number(self) -> SqlType:
        if not self.accept("("):
            return SqlType(TypeName.NUMBER)
        offset = self.token.offset
        precision = 38 if self.accept("*") else self.number()
        scale = self.number() if self.accept(",") else 0
        self.expect(")", code=907)
        if not 1 <= precision <= _MOST_DIGITS:
            raise OraError(1727, offset=offset)
        return SqlType(TypeName.NUMBER, precision=precision, scale=scale)

    def _float(self) -> SqlType:
        digits = _FLOAT_DIGITS
        if self.accept("("):
            digits = self.number()
            self.expect(")", code=907)
        if digits < _FLOAT_DIGITS:
            raise NotEmulated(f"FLOAT({digits}): numbers rounded to binary digits", offset=self.token.offset)
        return SqlType(TypeName.NUMBER, precision=_FLOAT_DIGITS)

    def _characters(self, word: str) -> SqlType:
        size, in_characters = 1, word.startswith("N")
        if self.accept("("):
            size = self.number()
            in_characters = self.accept("CHAR") or in_characters
            self.accept("BYTE")
            self.expect(")", code=907)
        elif word in {"VARCHAR2", "NVARCHAR2", "VARCHAR"}:
            raise OraError(906, offset=self.token.offset)
        name = TypeName.CHAR if word in {"CHAR", "NCHAR", "CHARACTER"} else TypeName.VARCHAR2
        if size > (_LONGEST_CHAR if name is TypeName.CHAR else _LONGEST_VARCHAR2):
            raise OraError(910, offset=self.token.offset)
        return SqlType(name, size=size, national=word.startswith("N"), in_characters=in_characters)

    def _timestamp(self) -> SqlType:
        scale = 6
        if self.accept("("):
            scale = self.number()
            self.expect(")", code=907)
        if self.accept("WITH", "TIME", "ZONE"):
            return SqlType(TypeName.TIMESTAMP_TZ, scale=scale)
        if self.accept("WITH", "LOCAL", "TIME", "ZONE"):
            return SqlType(TypeName.TIMESTAMP_LTZ, scale=scale)
        return SqlType(TypeName.TIMESTAMP, scale=scale)

    def _vector(self) -> SqlType:
        dimensions, element_format = 0, VectorFormat.FLEX
        if self.accept("("):
            if not self.accept("*"):
                dimensions = self.number()
            if self.accept(",") and not self.accept("*"):
                token = self.advance()
                try:
                    element_format = VectorFormat(token.word)
                except ValueError:
                    raise OraError(902, offset=token.offset) from None
            self.expect(")", code=907)
        return SqlType(TypeName.VECTOR, dimensions=dimensions, vector_format=element_format)


_FIXED = {
    "INTEGER": SqlType(TypeName.NUMBER, precision=38, scale=0),
    "INT": SqlType(TypeName.NUMBER, precision=38, scale=0),
    "SMALLINT": SqlType(TypeName.NUMBER, precision=38, scale=0),
    "CLOB": SqlType(TypeName.CLOB),
    "NCLOB": SqlType(TypeName.CLOB, national=True),
    "BLOB": SqlType(TypeName.BLOB),
    "DATE": SqlType(TypeName.DATE),
    "BINARY_FLOAT": SqlType(TypeName.BINARY_FLOAT),
    "BINARY_DOUBLE": SqlType(TypeName.BINARY_DOUBLE),
    "BOOLEAN": SqlType(TypeName.BOOLEAN),
}
