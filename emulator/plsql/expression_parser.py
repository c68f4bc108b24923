"""Parses PL/SQL's expressions and types."""

from __future__ import annotations

from emulator.engine.functions.date_formats import parse_date
from emulator.number import parse_number
from emulator.plsql import syntax
from emulator.plsql.lexer import TokenKind
from emulator.plsql.syntax import Expression
from emulator.plsql.token_reader import TokenReader

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "~=": "<>", "^=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
#: Words that end an expression, so that they are no names.
_NO_NAMES = frozenset(
    {
        *("AND", "OR", "NOT", "THEN", "ELSE", "WHEN", "END", "IS", "IN", "LIKE", "BETWEEN", "LOOP", "FROM", "INTO"),
        *("SELECT", "WHERE", "BEGIN", "IF", "ELSIF", "FOR", "WHILE", "ORDER", "GROUP", "UNION", "DECLARE"),
    }
)


class ExpressionParser(TokenReader):
    """Recursive descent over expressions; statements are the subclass's."""

    def expression(self) -> Expression:
        """Parse an expression: OR binds loosest."""
        left = self._conjunction()
        while self.is_word("OR"):
            offset = self.advance().start
            left = syntax.Binary(offset, "OR", left, self._conjunction())
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self.is_word("AND"):
            offset = self.advance().start
            left = syntax.Binary(offset, "AND", left, self._negation())
        return left

    def _negation(self) -> Expression:
        if self.is_word("NOT"):
            offset = self.advance().start
            return syntax.Unary(offset, "NOT", self._negation())
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self.sum()
        while True:
            offset = self.offset
            if self.token.kind is TokenKind.SIGN and self.token.value in _COMPARISONS:
                operator = _COMPARISONS[self.advance().value]
                left = syntax.Binary(offset, operator, left, self.sum())
            elif self.take_word("IS"):
                left = self._is(left, offset)
            else:
                negated = self.is_word("NOT") and self.is_word("LIKE", "BETWEEN", "IN", "MEMBER", ahead=1)
                if negated:
                    self.advance()
                if self.take_word("LIKE"):
                    pattern = self.sum()
                    escape = self.sum() if self.take_word("ESCAPE") else None
                    left = syntax.Like(offset, left, pattern, escape, negated)
                elif self.take_word("BETWEEN"):
                    low = self.sum()
                    self.need_word("AND")
                    left = syntax.Between(offset, left, low, self.sum(), negated)
                elif self.take_word("IN"):
                    left = self._in_list(left, offset, negated=negated)
                elif self.is_word("MEMBER", "SUBMULTISET", "MULTISET"):
                    self.refuse(f"operator {self.token.value}")
                else:
                    return left

    def _is(self, left: Expression, offset: int) -> Expression:
        negated = self.take_word("NOT")
        if not self.take_word("NULL"):
            if self.is_word("EMPTY", "A", "OF", "JSON"):
                self.refuse(f"IS {self.token.value}")
            self.fail("null")
        return syntax.IsNull(offset, left, negated)

    def _in_list(self, left: Expression, offset: int, *, negated: bool) -> Expression:
        if not self.take_sign("("):
            return syntax.InList(offset, left, (self.sum(),), negated)
        if self.is_word("SELECT", "WITH"):
            self.refuse("subquery in a PL/SQL expression")
        items = [self.expression()]
        while self.take_sign(","):
            items.append(self.expression())
        self.need_sign(")")
        return syntax.InList(offset, left, tuple(items), negated)

    def sum(self) -> Expression:
        """Parse what +, - and || join."""
        left = self._product()
        while self.is_sign("+", "-", "||"):
            token = self.advance()
            left = syntax.Binary(token.start, token.value, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self.is_sign("*", "/") or (self.is_word("MOD") and not self.is_sign("(", ahead=1)):
            token = self.advance()
            left = syntax.Binary(token.start, token.value, left, self._signed())
        return left

    def _signed(self) -> Expression:
        if self.is_sign("-", "+"):
            token = self.advance()
            return syntax.Unary(token.start, token.value, self._signed())
        left = self._primary()
        if self.is_sign("**"):
            offset = self.advance().start
            return syntax.Binary(offset, "**", left, self._signed())
        return left

    # ------------------------------------------------------------------ primaries

    def _primary(self) -> Expression:
        token = self.token
        if token.kind is TokenKind.NUMBER:
            self.advance()
            if token.value[-1] in "fFdD":
                return syntax.Literal(token.start, float(token.value[:-1]))
            return syntax.Literal(token.start, parse_number(token.value))
        if token.kind is TokenKind.STRING:
            self.advance()
            return syntax.Literal(token.start, token.value or None)
        if token.kind is TokenKind.BIND:
            return self._bind()
        if self.take_sign("("):
            if self.is_word("SELECT", "WITH"):
                self.refuse("subquery in a PL/SQL expression")
            inner = self.expression()
            self.need_sign(")")
            return inner
        if token.kind is TokenKind.WORD:
            return self._word()
        if token.kind is not TokenKind.QUOTED:
            self.fail("an expression")
        return self.reference()

    def _bind(self) -> Expression:
        token = self.advance()
        if self.is_sign(".") or (self.is_sign("%") and self.is_word(ahead=1)):
            self.refuse("fields and attributes of a bind variable")
        return syntax.Bind(token.start, token.value)

    def _word(self) -> Expression:
        token = self.token
        word = token.value
        if word in {"NULL", "TRUE", "FALSE"}:
            self.advance()
            return syntax.Literal(token.start, {"NULL": None, "TRUE": True, "FALSE": False}[word])
        if word == "CASE":
            return self._case()
        following = self.tokens[self.at + 1]
        if word in {"DATE", "TIMESTAMP"} and following.kind is TokenKind.STRING:
            self.at += 2
            model = "YYYY-MM-DD" if word == "DATE" else "YYYY-MM-DD HH24:MI:SS.FF"
            return syntax.Literal(token.start, parse_date(following.value, model))
        if word == "INTERVAL" and following.kind is TokenKind.STRING:
            self.refuse("intervals")
        if word == "CAST" and self.is_sign("(", ahead=1):
            self.at += 2
            operand = self.expression()
            self.need_word("AS")
            to_type = self.type_reference()
            self.need_sign(")")
            return syntax.Cast(token.start, operand, to_type)
        if word in {"EXTRACT", "VECTOR_EMBEDDING", "XMLELEMENT", "CURSOR"} and self.is_sign("(", ahead=1):
            self.refuse(f"{word} in a PL/SQL expression")
        if word in _NO_NAMES:
            self.fail("an expression")
        return self.reference()

    def _case(self) -> Expression:
        offset = self.advance().start
        subject = None if self.is_word("WHEN") else self.expression()
        branches = []
        while self.take_word("WHEN"):
            test = self.expression()
            self.need_word("THEN")
            branches.append((test, self.expression()))
        if not branches:
            self.fail("when")
        otherwise = self.expression() if self.take_word("ELSE") else None
        self.need_word("END")
        return syntax.CaseExpression(offset, subject, tuple(branches), otherwise)

    def reference(self) -> Expression:
        """Parse a name with what hangs on it: brackets, fields, a cursor's attribute."""
        offset = self.offset
        parts = [self._part()]
        while True:
            if self.is_sign(".") and not self.is_sign("..", ahead=0):
                self.advance()
                parts.append(self._part())
            elif self.is_sign("(") and parts[-1].arguments is not None:
                parts.append(syntax.Part(self.offset, "", self.arguments()))
            elif self.is_sign("@"):
                self.refuse("database links")
            else:
                break
        reference = syntax.Reference(offset, tuple(parts))
        if self.is_sign("%") and self.is_word(ahead=1):
            self.advance()
            return self._cursor_attribute(reference)
        return reference

    def _part(self) -> syntax.Part:
        offset = self.offset
        name = self.name()
        arguments = self.arguments() if self.is_sign("(") else None
        return syntax.Part(offset, name, arguments)

    def arguments(self) -> tuple[syntax.Argument, ...]:
        """Parse bracketed arguments, positional and named."""
        self.need_sign("(")
        found: list[syntax.Argument] = []
        if not self.is_sign(")"):
            found.append(self._argument())
            while self.take_sign(","):
                found.append(self._argument())
        self.need_sign(")")
        return tuple(found)

    def _argument(self) -> syntax.Argument:
        name = None
        if self.is_sign("=>", ahead=1):
            name = self.name()
            self.need_sign("=>")
        return syntax.Argument(name, self.expression())

    def _cursor_attribute(self, reference: syntax.Reference) -> Expression:
        attribute = self.name()
        offset = reference.offset
        is_sql = len(reference.parts) == 1 and reference.parts[0].name == "SQL"
        if not is_sql:
            return syntax.CursorAttribute(offset, reference, attribute)
        subscript, field = None, None
        if attribute in {"BULK_EXCEPTIONS", "BULK_ROWCOUNT"}:
            if self.take_sign("("):
                subscript = self.expression()
                self.need_sign(")")
            if self.take_sign("."):
                field = self.name()
        return syntax.CursorAttribute(offset, None, attribute, subscript, field)

    # ------------------------------------------------------------------ types

    def type_reference(self) -> syntax.TypeReference:
        """Parse a type as a declaration names it."""
        offset = self.offset
        names = [self.name()]
        if names[0] in {"REF", "OBJECT", "INTERVAL"}:
            self.refuse(f"type {names[0]}")
        while self.take_sign("."):
            names.append(self.name())
        if names == ["LONG"] and self.take_word("RAW"):
            names = ["LONG RAW"]
        elif names == ["DOUBLE"] and self.take_word("PRECISION"):
            names = ["FLOAT"]
        if self.take_sign("%"):
            attribute = self.name()
            if attribute not in {"TYPE", "ROWTYPE"}:
                self.fail("type rowtype")
            return syntax.TypeReference(offset, tuple(names), attribute=attribute)
        sizes: list[int] = []
        if self.is_sign("("):
            if names == ["VECTOR"]:
                self.refuse("VECTOR with dimensions as a PL/SQL type")
            self.advance()
            sizes.append(0 if self.take_sign("*") else self.integer())
            if not self.take_word("CHAR"):
                self.take_word("BYTE")
            if self.take_sign(","):
                sizes.append(self.integer())
            self.need_sign(")")
        zone = ""
        if names == ["TIMESTAMP"] and self.take_word("WITH"):
            zone = "LOCAL TIME ZONE" if self.take_word("LOCAL") else "TIME ZONE"
            self.need_word("TIME", "ZONE")
        return syntax.TypeReference(offset, tuple(names), tuple(sizes), zone=zone)
