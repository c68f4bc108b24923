"""Parses PL/SQL's blocks, declarations and statements.

One grammar whose rules call each other, so one class; expressions and embedded SQL are its bases.
"""

from __future__ import annotations

from collections.abc import Callable

from emulator.plsql import syntax
from emulator.plsql.exceptions import CompileError
from emulator.plsql.expression_parser import ExpressionParser
from emulator.plsql.lexer import Source, TokenKind
from emulator.plsql.sql_slicer import SqlSlicer
from emulator.plsql.syntax import Declaration, Expression, Statement

_SQL_VERBS = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE"})
_REFUSED = frozenset({"GOTO", "PIPE", "LOCK"})


def parse_block(source: Source) -> syntax.Block:
    """Parse an anonymous block, or CALL as a block of one statement.

    Raises:
        CompileError: The text is no block.
    """
    parser = Parser(source)
    if parser.is_word("CALL"):
        return parser.call_statement()
    block = parser.block(parser.label())
    parser.need_sign(";")
    if parser.token.kind is not TokenKind.END:
        parser.fail("end-of-file")
    return block


def parse_unit(source: Source) -> syntax.SubprogramDeclaration:
    """Parse a stored procedure's or function's text, from its keyword on.

    Raises:
        CompileError: The text is none.
    """
    parser = Parser(source)
    unit = parser.subprogram(is_stored=True)
    if parser.token.kind is not TokenKind.END:
        parser.fail("end-of-file")
    return unit


def parse_package(source: Source) -> syntax.PackageDeclaration:
    """Parse a package's specification or body, from PACKAGE on.

    Raises:
        CompileError: The text is none.
    """
    parser = Parser(source)
    package = parser.package()
    if parser.token.kind is not TokenKind.END:
        parser.fail("end-of-file")
    return package


def parse_expression(source: Source) -> Expression:
    """Parse a text that is one expression."""
    parser = Parser(source)
    found = parser.expression()
    if parser.token.kind is not TokenKind.END:
        parser.fail("end of expression")
    return found


class Parser(SqlSlicer, ExpressionParser):
    """Recursive descent over blocks."""

    # ------------------------------------------------------------------ blocks

    def label(self) -> str | None:
        """Take ``<<name>>`` if it comes."""
        if not self.take_sign("<<"):
            return None
        name = self.name()
        self.need_sign(">>")
        return name

    def call_statement(self) -> syntax.Block:
        """Parse ``CALL p(…) [INTO :x]``."""
        offset = self.advance().start
        target = self.reference()
        if not isinstance(target, syntax.Reference):
            self.fail("a procedure")
        into = self.expression() if self.take_word("INTO") else None
        self.take_sign(";")
        if self.token.kind is not TokenKind.END:
            self.fail("end-of-file")
        return syntax.Block(offset, None, (), (syntax.Call(offset, target, into),), ())

    def block(self, label: str | None) -> syntax.Block:
        """Parse a block up to its END and name; the semicolon is the caller's."""
        offset = self.offset
        declarations: tuple[Declaration, ...] = ()
        if self.take_word("DECLARE"):
            declarations = self._declarations()
        return self._body(offset, label, declarations)

    def _body(self, offset: int, label: str | None, declarations: tuple[Declaration, ...]) -> syntax.Block:
        self.need_word("BEGIN")
        statements = self._statements("EXCEPTION", "END")
        handlers: list[syntax.Handler] = []
        if self.take_word("EXCEPTION"):
            while self.is_word("WHEN"):
                if handlers and not handlers[-1].names:
                    raise CompileError(
                        "PLS-00370: OTHERS handler must be last among the exception handlers of a block", self.offset
                    )
                handlers.append(self._handler())
            if not handlers:
                self.fail("when")
        self.need_word("END")
        if self.token.kind in {TokenKind.WORD, TokenKind.QUOTED}:
            self.advance()
        return syntax.Block(offset, label, declarations, statements, tuple(handlers))

    def _handler(self) -> syntax.Handler:
        self.advance()
        offset = self.offset
        names: list[tuple[str, ...]] = []
        if not self.take_word("OTHERS"):
            names.append(self._dotted())
            while self.take_word("OR"):
                names.append(self._dotted())
        self.need_word("THEN")
        return syntax.Handler(offset, tuple(names), self._statements("WHEN", "END"))

    def _dotted(self) -> tuple[str, ...]:
        names = [self.name()]
        while self.take_sign("."):
            names.append(self.name())
        return tuple(names)

    # ------------------------------------------------------------------ declarations

    def package(self) -> syntax.PackageDeclaration:
        """Parse a package's specification or body."""
        offset = self.offset
        self.need_word("PACKAGE")
        is_body = self.take_word("BODY")
        names = self._dotted()
        invoker_rights = self._properties(is_stored=True)
        if not self.take_word("IS"):
            self.need_word("AS")
        declarations = self._declarations("BEGIN", "END") if is_body else self._declarations("END")
        at = self.offset
        if is_body and self.is_word("BEGIN"):
            block = self._body(at, None, ())
        else:
            self.need_word("END")
            if self.token.kind in {TokenKind.WORD, TokenKind.QUOTED}:
                self.advance()
            block = syntax.Block(at, None, (), (), ())
        self.need_sign(";")
        return syntax.PackageDeclaration(offset, names[-1], is_body, declarations, block, invoker_rights)

    def _declarations(self, *ends: str) -> tuple[Declaration, ...]:
        found: list[Declaration] = []
        while not self.is_word(*(ends or ("BEGIN",))):
            if self.token.kind is TokenKind.END:
                self.fail("begin")
            declaration = self._declaration()
            if declaration is not None:
                found.append(declaration)
        return tuple(found)

    def _declaration(self) -> Declaration | None:
        offset = self.offset
        if self.is_word("PROCEDURE", "FUNCTION"):
            return self.subprogram(is_stored=False)
        if self.take_word("TYPE"):
            return self._type(offset)
        if self.take_word("SUBTYPE"):
            return self._subtype(offset)
        if self.take_word("CURSOR"):
            return self._cursor(offset)
        if self.take_word("PRAGMA"):
            return self._pragma(offset)
        return self._variable(";")

    def _variable(self, *ends: str) -> Declaration:
        offset = self.offset
        name = self.name()
        if self.is_word("EXCEPTION") and self.is_sign(";", ahead=1):
            self.at += 2
            return syntax.ExceptionDeclaration(offset, name)
        constant = self.take_word("CONSTANT")
        declared = self.type_reference()
        not_null = self.take_word("NOT", "NULL")
        default = self._default()
        if ends:
            self.need_sign(ends[0])
        return syntax.VariableDeclaration(offset, name, declared, constant, not_null, default)

    def _default(self) -> Expression | None:
        return self.expression() if self.take_sign(":=") or self.take_word("DEFAULT") else None

    def _type(self, offset: int) -> Declaration:
        name = self.name()
        self.need_word("IS")
        if self.take_word("RECORD"):
            self.need_sign("(")
            fields = [self._field()]
            while self.take_sign(","):
                fields.append(self._field())
            self.need_sign(")")
            self.need_sign(";")
            return syntax.RecordTypeDeclaration(offset, name, tuple(fields))
        if self.is_word("REF", "OBJECT"):
            self.refuse(f"TYPE … IS {self.token.value}")
        limit = 0
        if self.take_word("TABLE"):
            pass
        elif self.take_word("VARRAY") or self.take_word("VARYING", "ARRAY"):
            self.need_sign("(")
            limit = self.integer()
            self.need_sign(")")
        else:
            self.fail("record table varray")
        self.need_word("OF")
        element = self.type_reference()
        if self.take_word("NOT", "NULL"):
            self.refuse("collections of NOT NULL elements")
        index = None
        if self.take_word("INDEX"):
            self.need_word("BY")
            index = self.type_reference()
        self.need_sign(";")
        return syntax.CollectionTypeDeclaration(offset, name, element, index, limit)

    def _field(self) -> syntax.VariableDeclaration:
        declared = self._variable()
        if not isinstance(declared, syntax.VariableDeclaration):
            self.fail("a field")
        return declared

    def _subtype(self, offset: int) -> Declaration:
        name = self.name()
        self.need_word("IS")
        base = self.type_reference()
        if self.is_word("RANGE"):
            self.refuse("SUBTYPE … RANGE")
        not_null = self.take_word("NOT", "NULL")
        self.need_sign(";")
        return syntax.SubtypeDeclaration(offset, name, base, not_null)

    def _cursor(self, offset: int) -> Declaration:
        name = self.name()
        parameters = self._parameters()
        if self.is_word("RETURN"):
            self.refuse("CURSOR … RETURN")
        self.need_word("IS")
        query = self.query_slice(";")
        self.need_sign(";")
        return syntax.CursorDeclaration(offset, name, parameters, query)

    def _pragma(self, offset: int) -> Declaration | None:
        pragma = self.name()
        if pragma != "EXCEPTION_INIT":
            self.refuse(f"PRAGMA {pragma}")
        self.need_sign("(")
        name = self.name()
        self.need_sign(",")
        code = self.integer()
        self.need_sign(")")
        self.need_sign(";")
        return syntax.ExceptionInit(offset, name, code)

    def subprogram(self, *, is_stored: bool) -> syntax.SubprogramDeclaration:
        """Parse a procedure or function, nested or stored."""
        offset = self.offset
        is_function = self.is_word("FUNCTION")
        if not is_function and not self.is_word("PROCEDURE"):
            self.refuse(f"CREATE {self.token.value}")
        self.advance()
        names = self._dotted()
        parameters = self._parameters()
        result = None
        if is_function:
            self.need_word("RETURN")
            result = self.type_reference()
        invoker_rights = self._properties(is_stored=is_stored)
        owner = names[0] if len(names) > 1 else None
        block = None
        if is_stored or not self.is_sign(";"):
            if not self.take_word("IS"):
                self.need_word("AS")
            if self.is_word("LANGUAGE", "EXTERNAL", "MLE"):
                self.refuse(f"{self.token.value} subprograms")
            self.take_word("DECLARE")
            block = self._body(offset, None, self._declarations())
        self.need_sign(";")
        return syntax.SubprogramDeclaration(offset, names[-1], parameters, result, block, owner, invoker_rights)

    def _properties(self, *, is_stored: bool) -> bool:
        invoker_rights = False
        while not self.is_word("IS", "AS") and not self.is_sign(";"):
            if is_stored and self.take_word("AUTHID"):
                invoker_rights = self.take_word("CURRENT_USER")
                if not invoker_rights:
                    self.need_word("DEFINER")
            elif self.take_word("DETERMINISTIC") or self.take_word("PARALLEL_ENABLE"):
                pass  # promises to the optimiser: results are the same
            elif self.is_word("PIPELINED", "RESULT_CACHE", "ACCESSIBLE", "SQL_MACRO", "AGGREGATE"):
                self.refuse(f"{self.token.value} subprograms")
            else:
                self.fail("is as")
        return invoker_rights

    def _parameters(self) -> tuple[syntax.Parameter, ...]:
        if not self.take_sign("("):
            return ()
        found = [self._parameter()]
        while self.take_sign(","):
            found.append(self._parameter())
        self.need_sign(")")
        return tuple(found)

    def _parameter(self) -> syntax.Parameter:
        offset = self.offset
        name = self.name()
        is_in = self.take_word("IN")
        is_out = self.take_word("OUT")
        mode = "IN OUT" if is_in and is_out else "OUT" if is_out else "IN"
        self.take_word("NOCOPY")
        declared = self.type_reference()
        return syntax.Parameter(offset, name, mode, declared, self._default())

    # ------------------------------------------------------------------ statements

    def _statements(self, *ends: str) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while not self.is_word(*ends):
            if self.token.kind is TokenKind.END:
                self.fail(" ".join(ends).lower())
            found.append(self.statement())
        if not found:
            self.fail("a statement")
        return tuple(found)

    def statement(self) -> Statement:
        """Parse one statement and its semicolon."""
        label = self.label()
        statement = self._statement(label)
        self.need_sign(";")
        return statement

    def _statement(self, label: str | None) -> Statement:
        word = self.token.value if self.token.kind is TokenKind.WORD else ""
        offset = self.offset
        if word in {"BEGIN", "DECLARE"}:
            return self.block(label)
        if word in {"LOOP", "WHILE", "FOR"}:
            return self._loop(word, label, offset)
        if label is not None:
            self.refuse("labels before other statements than loops and blocks")
        if word in _SQL_VERBS and not self.is_sign(":=", ".", "(", ahead=1):
            return self.sql_statement()
        if word == "SELECT":
            return self.sql_statement()
        if word in _REFUSED and self.is_word(ahead=1):
            self.refuse(word)
        parse = _STATEMENTS.get(word)
        if parse is not None and not self.is_sign(":=", "(", ".", ahead=1):
            self.advance()
            return parse(self, offset)
        if word in {"IF", "WHILE", "RETURN", "EXIT"} and parse is not None:
            self.advance()
            return parse(self, offset)
        return self._assignment_or_call(offset)

    def _assignment_or_call(self, offset: int) -> Statement:
        target = self._primary()
        if self.take_sign(":="):
            return syntax.Assignment(offset, target, self.expression())
        if not isinstance(target, syntax.Reference):
            self.fail(":=")
        return syntax.Call(offset, target)

    def _if(self, offset: int) -> Statement:
        branches = []
        otherwise: tuple[Statement, ...] = ()
        condition = self.expression()
        self.need_word("THEN")
        branches.append((condition, self._statements("ELSIF", "ELSE", "END")))
        while self.take_word("ELSIF"):
            condition = self.expression()
            self.need_word("THEN")
            branches.append((condition, self._statements("ELSIF", "ELSE", "END")))
        if self.take_word("ELSE"):
            otherwise = self._statements("END")
        self.need_word("END", "IF")
        return syntax.If(offset, tuple(branches), otherwise)

    def _case_statement(self, offset: int) -> Statement:
        subject = None if self.is_word("WHEN") else self.expression()
        branches = []
        while self.take_word("WHEN"):
            test = self.expression()
            self.need_word("THEN")
            branches.append((test, self._statements("WHEN", "ELSE", "END")))
        if not branches:
            self.fail("when")
        otherwise = self._statements("END") if self.take_word("ELSE") else None
        self.need_word("END", "CASE")
        return syntax.CaseStatement(offset, subject, tuple(branches), otherwise)

    def _loop(self, word: str, label: str | None, offset: int) -> Statement:
        self.advance()
        if word == "FOR":
            return self._for(label, offset)
        condition = None
        if word == "WHILE":
            condition = self.expression()
            self.need_word("LOOP")
        return syntax.Loop(offset, label, condition, self._loop_body(label))

    def _loop_body(self, label: str | None) -> tuple[Statement, ...]:
        statements = self._statements("END")
        self.need_word("END", "LOOP")
        if label is not None and self.token.kind in {TokenKind.WORD, TokenKind.QUOTED}:
            self.advance()
        return statements

    def _for(self, label: str | None, offset: int) -> Statement:
        variable = self.name()
        self.need_word("IN")
        reverse = self.take_word("REVERSE")
        if self.is_sign("(") and self.is_word("SELECT", "WITH", ahead=1):
            self.advance()
            query = self.query_slice(")")
            self.need_sign(")")
            self.need_word("LOOP")
            return syntax.CursorLoop(offset, label, variable, query, self._loop_body(label))
        low = self.sum()
        if self.take_sign(".."):
            high = self.sum()
            if self.is_word("BY", "WHILE", "WHEN") or self.is_sign(","):
                self.refuse("iteration controls of FOR")
            self.need_word("LOOP")
            return syntax.NumericLoop(offset, label, variable, reverse, low, high, self._loop_body(label))
        if not isinstance(low, syntax.Reference) or not self.is_word("LOOP"):
            self.refuse("iteration controls of FOR")
        self.need_word("LOOP")
        return syntax.CursorLoop(offset, label, variable, low, self._loop_body(label))

    def _jump(self, offset: int) -> Statement:
        is_exit = self.tokens[self.at - 1].value == "EXIT"
        label = None
        if not self.is_word("WHEN") and self.token.kind in {TokenKind.WORD, TokenKind.QUOTED}:
            label = self.name()
        condition = self.expression() if self.take_word("WHEN") else None
        return syntax.Jump(offset, is_exit, label, condition)

    def _return(self, offset: int) -> Statement:
        return syntax.Return(offset, None if self.is_sign(";") else self.expression())

    def _raise(self, offset: int) -> Statement:
        return syntax.Raise(offset, None if self.is_sign(";") else self._dotted())

    def _null(self, offset: int) -> Statement:
        return syntax.Null(offset)

    def _open(self, offset: int) -> Statement:
        cursor = self._primary()
        if not self.take_word("FOR"):
            return syntax.Open(offset, cursor, None)
        if self.is_word("SELECT", "WITH"):
            return syntax.Open(offset, cursor, self.query_slice(";"))
        text = self.expression()
        using: list[Expression] = []
        if self.take_word("USING"):
            using.append(self.expression())
            while self.take_sign(","):
                using.append(self.expression())
        return syntax.Open(offset, cursor, text, tuple(using))

    def _fetch(self, offset: int) -> Statement:
        cursor = self._primary()
        into = self.into(allows_limit=True)
        if into is None:
            self.fail("into bulk")
        return syntax.Fetch(offset, cursor, into)

    def _close(self, offset: int) -> Statement:
        return syntax.Close(offset, self._primary())

    def _execute(self, offset: int) -> Statement:
        self.need_word("IMMEDIATE")
        text = self.expression()
        into = self.into(allows_limit=False)
        using: list[syntax.UsingArgument] = []
        if self.take_word("USING"):
            using.append(self._using())
            while self.take_sign(","):
                using.append(self._using())
        if self.is_word("RETURNING", "RETURN"):
            self.refuse("EXECUTE IMMEDIATE … RETURNING INTO")
        return syntax.ExecuteImmediate(offset, text, into, tuple(using))

    def _using(self) -> syntax.UsingArgument:
        is_in = self.take_word("IN")
        is_out = self.take_word("OUT")
        mode = "IN OUT" if is_in and is_out else "OUT" if is_out else "IN"
        return syntax.UsingArgument(mode, self.expression())

    def _transaction(self, offset: int) -> Statement:
        verb = self.tokens[self.at - 1].value
        self.take_word("WORK")
        savepoint = None
        if verb == "SAVEPOINT":
            savepoint = self.name()
        elif verb == "ROLLBACK" and self.take_word("TO"):
            self.take_word("SAVEPOINT")
            savepoint = self.name()
        if verb == "COMMIT" and self.take_word("WRITE"):
            while self.is_word("BATCH", "IMMEDIATE", "NOWAIT", "WAIT"):
                if self.advance().value in {"NOWAIT", "BATCH"}:
                    self.refuse("COMMIT WRITE BATCH or NOWAIT")
        return syntax.TransactionControl(offset, verb, savepoint)

    def _set(self, _offset: int) -> Statement:
        self.refuse("SET TRANSACTION")

    def _forall(self, offset: int) -> Statement:
        variable = self.name()
        self.need_word("IN")
        high: Expression | None = None
        if self.take_word("INDICES"):
            self.need_word("OF")
            low = self.reference()
            if self.is_word("BETWEEN"):
                self.refuse("INDICES OF … BETWEEN")
        elif self.is_word("VALUES") and self.is_word("OF", ahead=1):
            self.refuse("FORALL … VALUES OF")
        else:
            low = self.sum()
            self.need_sign("..")
            high = self.sum()
        save = self.take_word("SAVE", "EXCEPTIONS")
        if not self.is_word("INSERT", "UPDATE", "DELETE"):
            self.refuse("FORALL with a statement other than INSERT, UPDATE and DELETE")
        return syntax.Forall(offset, variable, low, high, save, self.sql_statement())


_STATEMENTS: dict[str, Callable[[Parser, int], Statement]] = {
    "IF": Parser._if,  # noqa: SLF001 - its own table
    "CASE": Parser._case_statement,  # noqa: SLF001
    "EXIT": Parser._jump,  # noqa: SLF001
    "CONTINUE": Parser._jump,  # noqa: SLF001
    "RETURN": Parser._return,  # noqa: SLF001
    "RAISE": Parser._raise,  # noqa: SLF001
    "NULL": Parser._null,  # noqa: SLF001
    "OPEN": Parser._open,  # noqa: SLF001
    "FETCH": Parser._fetch,  # noqa: SLF001
    "CLOSE": Parser._close,  # noqa: SLF001
    "EXECUTE": Parser._execute,  # noqa: SLF001
    "COMMIT": Parser._transaction,  # noqa: SLF001
    "ROLLBACK": Parser._transaction,  # noqa: SLF001
    "SAVEPOINT": Parser._transaction,  # noqa: SLF001
    "SET": Parser._set,  # noqa: SLF001
    "FORALL": Parser._forall,  # noqa: SLF001
}


def statement_words() -> list[str]:
    """Return the words that begin PL/SQL's statements, sorted."""
    return sorted(_STATEMENTS)
