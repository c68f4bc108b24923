"""PL/SQL's exceptions: compilation errors, the predefined ones, SQLCODE and SQLERRM."""

from __future__ import annotations

from emulator.errors import OraError
from emulator.ora_messages import MESSAGES

#: Predefined exceptions of package STANDARD and their codes. Source: PL/SQL Language Reference, Predefined Exceptions.
PREDEFINED: dict[str, int] = {
    "ACCESS_INTO_NULL": 6530,
    "CASE_NOT_FOUND": 6592,
    "COLLECTION_IS_NULL": 6531,
    "CURSOR_ALREADY_OPEN": 6511,
    "DUP_VAL_ON_INDEX": 1,
    "INVALID_CURSOR": 1001,
    "INVALID_NUMBER": 1722,
    "LOGIN_DENIED": 1017,
    "NO_DATA_FOUND": 1403,
    "NO_DATA_NEEDED": 6548,
    "NOT_LOGGED_ON": 1012,
    "PROGRAM_ERROR": 6501,
    "ROWTYPE_MISMATCH": 6504,
    "STORAGE_ERROR": 6500,
    "SUBSCRIPT_BEYOND_COUNT": 6533,
    "SUBSCRIPT_OUTSIDE_LIMIT": 6532,
    "SYS_INVALID_ROWID": 1410,
    "TIMEOUT_ON_RESOURCE": 51,
    "TOO_MANY_ROWS": 1422,
    "VALUE_ERROR": 6502,
    "ZERO_DIVIDE": 1476,
}


class CompileError(Exception):
    """A fault in PL/SQL text; becomes ORA-06550 of a block or a line of USER_ERRORS.

    Attributes:
        text: ``PLS-00201: …`` or ``PL/SQL: ORA-00942: …``.
        offset: Where it is in the text.
    """

    def __init__(self, text: str, offset: int) -> None:
        """Name the fault and its place."""
        super().__init__(text)
        self.text = text
        self.offset = offset


class UserException(OraError):  # noqa: N818 - PL/SQL's own word
    """A declared exception without a code, raised by RAISE."""

    def __init__(self, identity: object) -> None:
        """Raise the exception of a declaration."""
        super().__init__(6510)
        self.identity = identity


def plain_error(code: int) -> OraError:
    """Return the error of a code for which no details are known."""
    wording = MESSAGES.get(code)
    if wording is None:
        return OraError(code, text=f"ORA-{code:05d}: ")
    return OraError(code, text=f"ORA-{code:05d}: {wording.replace('{}', '').strip()}")


def value_error(detail: str = "") -> OraError:
    """Return ORA-06502, which is PL/SQL's for what does not fit."""
    return OraError(6502, f": {detail}" if detail else "")


def sqlcode(error: OraError | None) -> int:
    """Return SQLCODE in a handler of an error; 0 outside of handlers."""
    if error is None:
        return 0
    if isinstance(error, UserException):
        return 1
    return 100 if error.code == 1403 else -error.code


def sqlerrm(error: OraError | None) -> str:
    """Return SQLERRM in a handler of an error."""
    if error is None:
        return "ORA-0000: normal, successful completion"
    return "User-Defined Exception" if isinstance(error, UserException) else error.text


def sqlerrm_of_code(code: int) -> str:
    """Return SQLERRM(code): the wording without details.

    Source: PL/SQL Language Reference, SQLERRM Function.
    """
    if code == 0:
        return sqlerrm(None)
    if code == 100:
        return sqlerrm(plain_error(1403))
    if code > 0:
        return "User-Defined Exception" if code == 1 else f"-{code}: non-ORACLE exception "
    return plain_error(-code).text


def application_error(code: int, message: str | None) -> OraError:
    """Return the error of RAISE_APPLICATION_ERROR; ORA-21000 for a code out of range."""
    if not -20999 <= code <= -20000:
        text = f"ORA-21000: error number argument to raise_application_error of {code} is out of range"
        return OraError(21000, text=text)
    return OraError(-code, text=f"ORA-{-code}: {(message or '')[:2048]}")
