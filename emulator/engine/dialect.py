"""Oracle's SQL as sqlglot parses it, with a dialect of our own.

Every function arrives as ``Anonymous`` under Oracle's own name with its arguments untouched; nothing is translated
while parsing. What the parser accepts beyond Oracle is refused later: the writer knows a list of node classes.
"""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]  # where its documentation has it

from emulator.engine.syntax_checks import check_syntax, lacks_from
from emulator.errors import NotEmulated, OraError

#: Key of a query's meta: TARGET ACCURACY in percent where its own row limit, and no other, is FETCH APPROX;
#: 0 where it names none.
APPROXIMATE = "approximate"
#: FETCH APPROX without a TARGET ACCURACY: the index's own counts.
_INDEX_ACCURACY = 0
#: Deeper text would exhaust the parser's stack.
_DEEPEST_NESTING = 200
_PLAIN_NAMES = frozenset(
    {"SYSTIMESTAMP", "CURRENT_DATE", "CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "LOCALTIME", "CURRENT_TIME"}
)


#: A number with an exponent right before a sign (quoted text first, so that numbers in it are none).
_EXPONENT = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|(?<![\w$#.])((?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+)(?=[+-])")


class VectorEmbedding(exp.Expression):
    """``VECTOR_EMBEDDING(model USING expression AS data)``."""

    arg_types = {"this": True, "expression": True, "alias": True}  # noqa: RUF012 - sqlglot's own form


class EmulatorOracle(Oracle):
    """The dialect; see the module."""

    class Tokenizer(Oracle.Tokenizer):
        """Leaves the functions without brackets as names: the expression writer knows them."""

        def tokenize(self, sql: str) -> list[Any]:
            """Split a text; in ``1e3+1`` sqlglot would take the sign and what follows for part of the exponent."""
            spelled: dict[int, str] = {}

            def plain(match: re.Match[str]) -> str:
                if match[1] is None:
                    return match[0]
                spelled[match.start()] = match[1]
                return "0" * len(match[1])

            tokens = super().tokenize(_EXPONENT.sub(plain, sql))
            numbers = {token.start: token for token in tokens if token.token_type is TokenType.NUMBER}
            if not spelled.keys() <= numbers.keys():  # some of them are in comments or q'[…]'
                return super().tokenize(sql)
            for start, text in spelled.items():
                numbers[start].text = text
            return tokens

        KEYWORDS = {  # noqa: RUF012 - sqlglot's own form
            word: token for word, token in Oracle.Tokenizer.KEYWORDS.items() if word not in _PLAIN_NAMES
        }

    class Parser(Oracle.Parser):  # type: ignore[misc,valid-type]  # made by a metaclass
        """Parses what Oracle's SQL has and sqlglot's does not."""

        FUNCTIONS: dict[str, Any] = {}  # noqa: RUF012 - sqlglot's own form
        NO_PAREN_FUNCTIONS: dict[Any, Any] = {}  # noqa: RUF012
        FUNCTION_PARSERS = {name: Oracle.Parser.FUNCTION_PARSERS[name] for name in ("CAST", "EXTRACT", "TRIM")} | {
            "VECTOR_EMBEDDING": lambda self: self._parse_vector_embedding()
        }
        PLACEHOLDER_PARSERS = {  # noqa: RUF012
            **Oracle.Parser.PLACEHOLDER_PARSERS,
            TokenType.COLON: lambda self: self._parse_bind(),
        }

        def _parse_bind(self) -> Any:  # noqa: ANN401 - as its other parsers
            token = self._curr
            if token is None:
                return None
            self._advance()
            bind = self.expression(exp.Placeholder(this=token.text))
            bind.meta.update(start=token.start, end=token.end)
            return bind

        def _parse_vector_embedding(self) -> Any:  # noqa: ANN401 - as its other parsers
            model = self._parse_table_parts()
            if not self._match(TokenType.USING):
                self.raise_error("Expecting USING")
            value = self._parse_assignment()
            if not self._match(TokenType.ALIAS):
                self.raise_error("Expecting AS")
            alias = self._parse_id_var(any_token=True)
            return self.expression(VectorEmbedding(this=model, expression=value, alias=alias))

        def _parse_fetch_accuracy(self) -> None:
            if self._match_text_seq("WITH", "TARGET", "ACCURACY"):
                self._parse_primary()


def parse_statement(text: str) -> exp.Expression:
    """Parse a query or DML statement.

    Raises:
        OraError: With the offset of the fault; 3001 for nesting that is too deep.
    """
    if text.rstrip().endswith(";"):
        raise OraError(933, offset=len(text.rstrip()) - 1)
    depth = deepest = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST_NESTING:
        raise NotEmulated(f"more than {_DEEPEST_NESTING} nested brackets")
    check_syntax(text)
    prepared, accuracies = _plain_fetch(text)
    try:
        tree = parser_for().parse_one(prepared)
    except (ParseError, TokenError, SqlglotError, IndexError) as error:
        raise _syntax_error(error, text) from None
    except RecursionError:
        raise NotEmulated("statement nested that deeply") from None
    if (
        len(accuracies) == 1
        and len(list(tree.find_all(exp.Fetch))) == 1
        and isinstance(tree.args.get("limit"), exp.Fetch)
    ):
        tree.meta[APPROXIMATE] = accuracies[0]
    return tree


class _OneStatement:
    """Tokenizer and parser for one statement."""

    def __init__(self) -> None:
        self._dialect = EmulatorOracle()

    def parse_one(self, text: str) -> exp.Expression:
        found: list[Any] = list(self._dialect.parse(text))
        statements = [tree for tree in found if tree is not None]
        if len(statements) != 1:
            raise OraError(933 if statements else 900)
        tree: exp.Expression = statements[0]
        return tree


def parser_for() -> _OneStatement:
    """Return a parser."""
    return _OneStatement()


_FETCH_WORDS = re.compile(
    r"('(?:[^']|'')*'|\"[^\"]*\")|\bFETCH\s+(APPROX(?:IMATE)?|EXACT)\b|\bWITH\s+TARGET\s+ACCURACY\s+(\d+)(\s+PERCENT)?",
    re.IGNORECASE,
)


def _plain_fetch(text: str) -> tuple[str, list[int]]:
    """Blank out APPROX, EXACT and WITH TARGET ACCURACY; offsets stay.

    Returns:
        The text, and the target accuracy of each FETCH APPROX, percent.
    """
    accuracies: list[int] = []

    def blank(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[0]
        if match[2] is not None:
            if match[2].upper() != "EXACT":
                accuracies.append(_INDEX_ACCURACY)
            return match[0][: -len(match[2])] + " " * len(match[2])
        if accuracies:
            accuracies[-1] = min(int(match[3]), 100)
        return " " * len(match[0])

    return _FETCH_WORDS.sub(blank, text), accuracies


def _syntax_error(error: Exception, text: str) -> OraError:
    if isinstance(error, ParseError) and error.errors:
        detail = error.errors[0]
        line, column = detail.get("line") or 1, detail.get("col") or 1
        highlight = detail.get("highlight") or ""
        lines = text.splitlines(keepends=True)
        offset = sum(len(part) for part in lines[: line - 1]) + max(column - len(highlight), 0)
        message = str(detail.get("description") or "")
        if lacks_from(text, offset):
            return OraError(923, offset=offset)
        if not text[offset:].strip() or "Required keyword" in message:
            return OraError(936, offset=offset if text[offset:].strip() else len(text.rstrip()))
        if "Expecting )" in message:
            return OraError(907, offset=offset)
        return OraError(933, offset=offset)
    if isinstance(error, TokenError):
        return OraError(1756)
    return OraError(900)
