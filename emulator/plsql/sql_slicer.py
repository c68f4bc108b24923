"""Cuts embedded SQL out of PL/SQL text: up to its end, with INTO taken out."""

from __future__ import annotations

from emulator.plsql import syntax
from emulator.plsql.expression_parser import ExpressionParser
from emulator.plsql.lexer import TokenKind


class SqlSlicer(ExpressionParser):
    """The part of the parser that passes over SQL without parsing it."""

    def query_slice(self, end_sign: str) -> syntax.SqlText:
        """Take a query without INTO, up to a sign outside of its brackets."""
        if not self.is_word("SELECT", "WITH") and not self.is_sign("("):
            self.fail("( select with")
        start = self.offset
        verb = self.token.value
        depth = 0
        while not (depth == 0 and self.is_sign(end_sign)):
            depth += self._depth_change()
            self._step(end_sign)
        return syntax.SqlText(start, self.source.text[start : self.tokens[self.at - 1].end], verb)

    def sql_statement(self) -> syntax.SqlStatement:
        """Take a SELECT INTO or DML statement up to its semicolon."""
        start = self.offset
        verb = self.token.value
        is_query = verb in {"SELECT", "WITH"}
        may_have_into = is_query
        into: syntax.Into | None = None
        blank = (0, 0)
        depth = 0
        while not (depth == 0 and self.is_sign(";")):
            if depth == 0 and not is_query and self.is_word("RETURNING", "RETURN"):
                may_have_into = True
            elif depth == 0 and into is None and may_have_into and self.is_word("INTO", "BULK"):
                from_offset = self.offset
                into = self.into(allows_limit=False)
                if into is not None:
                    blank = (from_offset, self.offset)
                    continue
            elif self.is_word("VALUES") and not self.is_sign("(", ahead=1):
                self.refuse("INSERT … VALUES record")
            elif self.is_word("SET") and self.is_word("ROW", ahead=1):
                self.refuse("UPDATE … SET ROW")
            elif self.is_word("CURRENT") and self.is_word("OF", ahead=1):
                self.refuse("WHERE CURRENT OF")
            depth += self._depth_change()
            self._step(";")
        end = self.tokens[self.at - 1].end
        text = self.source.text[start:end]
        if into is not None:
            cut, resume = blank[0] - start, min(blank[1], end) - start
            text = (text[:cut] + " " * (resume - cut) + text[resume:]).rstrip()
        return syntax.SqlStatement(start, syntax.SqlText(start, text, verb), into)

    def into(self, *, allows_limit: bool) -> syntax.Into | None:
        """Take ``[BULK COLLECT] INTO targets [LIMIT n]`` if it comes."""
        offset = self.offset
        bulk = self.take_word("BULK", "COLLECT")
        if not self.take_word("INTO"):
            if bulk:
                self.fail("into")
            return None
        targets = [self._primary()]
        while self.take_sign(","):
            targets.append(self._primary())
        limit = None
        if allows_limit and bulk and self.take_word("LIMIT"):
            limit = self.expression()
        return syntax.Into(offset, tuple(targets), bulk, limit)

    def _depth_change(self) -> int:
        return int(self.is_sign("(")) - int(self.is_sign(")"))

    def _step(self, end_sign: str) -> None:
        if self.token.kind is TokenKind.END or (end_sign == ")" and self.is_sign(";")):
            self.fail(end_sign)
        self.advance()
