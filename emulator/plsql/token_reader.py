"""A place in a list of tokens: look, take, demand."""

from __future__ import annotations

from typing import NoReturn

from emulator.errors import NotEmulated
from emulator.plsql.exceptions import CompileError
from emulator.plsql.lexer import Source, Token, TokenKind


class TokenReader:
    """Walks over a source's tokens."""

    def __init__(self, source: Source, at: int = 0) -> None:
        """Begin at a token."""
        self.source = source
        self.tokens = source.tokens
        self.at = at

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    @property
    def offset(self) -> int:
        """Where the next token begins."""
        return self.tokens[self.at].start

    def advance(self) -> Token:
        """Take the next token."""
        token = self.tokens[self.at]
        if token.kind is not TokenKind.END:
            self.at += 1
        return token

    def is_word(self, *words: str, ahead: int = 0) -> bool:
        """Tell whether an unquoted word comes, one of these if any are given."""
        index = min(self.at + ahead, len(self.tokens) - 1)
        token = self.tokens[index]
        return token.kind is TokenKind.WORD and (not words or token.value in words)

    def is_sign(self, *signs: str, ahead: int = 0) -> bool:
        """Tell whether one of these signs comes."""
        index = min(self.at + ahead, len(self.tokens) - 1)
        token = self.tokens[index]
        return token.kind is TokenKind.SIGN and token.value in signs

    def take_word(self, *words: str) -> bool:
        """Take these words if they come, one after the other."""
        if all(self.is_word(word, ahead=number) for number, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def take_sign(self, sign: str) -> bool:
        """Take a sign if it comes."""
        if self.is_sign(sign):
            self.at += 1
            return True
        return False

    def need_word(self, *words: str) -> None:
        """Take these words."""
        for word in words:
            if not self.take_word(word):
                self.fail(word.lower())

    def need_sign(self, sign: str) -> None:
        """Take a sign."""
        if not self.take_sign(sign):
            self.fail(sign)

    def name(self) -> str:
        """Take a name: upper case unless it is quoted."""
        if self.token.kind not in {TokenKind.WORD, TokenKind.QUOTED}:
            self.fail("an identifier")
        return self.advance().value

    def integer(self) -> int:
        """Take a whole number, perhaps with a sign."""
        sign = -1 if self.take_sign("-") else 1
        if self.token.kind is not TokenKind.NUMBER or not self.token.value.isdigit():
            self.fail("an integer")
        return sign * int(self.advance().value)

    def fail(self, expected: str) -> NoReturn:
        """Raise PLS-00103 at the next token.

        The list of expected symbols is not Oracle's, which names all that its grammar allows.
        """
        token = self.token
        if self.source.text.startswith("$", token.start):
            raise NotEmulated("$$… and $IF", offset=token.start)
        text = token.value if token.kind is TokenKind.END else self.source.text[token.start : token.end]
        if token.kind is TokenKind.WORD:
            text = text.upper()
        raise CompileError(
            f'PLS-00103: Encountered the symbol "{text}" when expecting one of the following:\n\n   {expected}',
            token.start,
        )

    def refuse(self, feature: str) -> NoReturn:
        """Raise ORA-03001 for what is not emulated."""
        raise NotEmulated(feature, offset=self.offset)
