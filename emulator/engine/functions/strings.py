"""Functions on strings. Positions count from 1; the empty string is NULL."""

from __future__ import annotations

import functools
import json
import re

from emulator.datatypes import NUMBER, SqlType, TypeName, Value
from emulator.engine.functions.registry import register
from emulator.engine.functions.type_rules import long_text, text_of_all, text_of_first
from emulator.errors import OraError
from emulator.number import Number, number_text
from emulator.text_limit import check_length


@register("UNISTR", result=text_of_first, arguments=(1, 1), accepts="S")
def _unistr(value: str) -> str:
    r"""Replace ``\\xxxx``, a UTF-16 unit, and a doubled backslash."""
    units = re.sub(r"\\(\\|[0-9A-Fa-f]{4}|.|$)", _unicode_unit, value)
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _unicode_unit(match: re.Match[str]) -> str:
    if match[1] == "\\":
        return "\\"
    if len(match[1]) < 4:
        raise OraError(30186, text="ORA-30186: '\\' must be followed by four hexadecimal characters or another '\\'")
    return chr(int(match[1], 16))


@register("UPPER", result=text_of_first, arguments=(1, 1), accepts="S")
def _upper(text: str) -> str:
    return text.upper()


@register("LOWER", result=text_of_first, arguments=(1, 1), accepts="S")
def _lower(text: str) -> str:
    return text.lower()


@register("INITCAP", result=text_of_first, arguments=(1, 1), accepts="S")
def _capitalised(text: str) -> str:
    return re.sub(r"[^\W_]+", lambda word: word[0][0].upper() + word[0][1:].lower(), text)


@register("LENGTH", "LENGTHC", result=NUMBER, arguments=(1, 1), accepts="S")
def _length(text: str) -> int:
    return len(text)


@register("LENGTHB", result=NUMBER, arguments=(1, 1), accepts="S")
def _length_bytes(text: str) -> int:
    return len(text.encode())


@register("SUBSTR", result=text_of_first, arguments=(2, 3), accepts="SNN")
def _substring(text: str, start: Number, length: Number | None = None) -> str | None:
    at = int(start)
    if at > 0:
        at -= 1
    elif at < 0:
        at += len(text)
        if at < 0:
            return None
    if length is None:
        return text[at:]
    return text[at : at + int(length)] if int(length) > 0 else None


@register("INSTR", result=NUMBER, arguments=(2, 4), accepts="SSNN")
def _position(text: str, wanted: str, start: Number = 1, occurrence: Number = 1) -> int:
    at = int(start)
    if at >= 0:
        found = max(at, 1) - 2
        for _ in range(int(occurrence)):
            found = text.find(wanted, found + 1)
            if found < 0:
                return 0
        return found + 1
    found = len(text) + at + 1
    for _ in range(int(occurrence)):
        found = text.rfind(wanted, 0, found - 1 + len(wanted)) if found > 0 else -1
        if found < 0:
            return 0
    return found + 1


@register("REPLACE", result=long_text, arguments=(2, 3), strict=False, accepts="S")
def _replace(text: str | None, old: str | None, new: str | None = None) -> str | None:
    if text is None or old is None:
        return text
    check_length(len(text) + text.count(old) * (len(new or "") - len(old)))
    return text.replace(old, new or "")


@register("TRANSLATE", result=text_of_first, arguments=(3, 3), accepts="S")
def _translate(text: str, old: str, new: str) -> str:
    table = {ord(char): (new[at] if at < len(new) else None) for at, char in reversed(list(enumerate(old)))}
    return text.translate(table)


@register("LTRIM", result=text_of_first, arguments=(1, 2), accepts="S")
def _trim_left(text: str, characters: str = " ") -> str:
    return text.lstrip(characters)


@register("RTRIM", result=text_of_first, arguments=(1, 2), accepts="S")
def _trim_right(text: str, characters: str = " ") -> str:
    return text.rstrip(characters)


@register("TRIM", result=text_of_first, arguments=(1, 2), accepts="S")
def _trim(text: str, characters: str = " ") -> str:
    return text.strip(characters)


def _padding(text: str, size: Number, fill: str) -> str:
    check_length(int(size))
    missing = int(size) - len(text)
    return (fill * (missing // len(fill) + 1))[:missing] if missing > 0 else ""


@register("LPAD", result=long_text, arguments=(2, 3), accepts="SNS")
def _pad_left(text: str, size: Number, fill: str = " ") -> str:
    return (_padding(text, size, fill) + text[: int(size)]) if int(size) > 0 else ""


@register("RPAD", result=long_text, arguments=(2, 3), accepts="SNS")
def _pad_right(text: str, size: Number, fill: str = " ") -> str:
    return (text[: int(size)] + _padding(text, size, fill)) if int(size) > 0 else ""


@register("CONCAT", result=text_of_all, arguments=(2, 20), strict=False, accepts="S")
def _concat(*texts: str | None) -> str:
    check_length(sum(len(text or "") for text in texts))
    return "".join(text or "" for text in texts)


@register("ASCII", result=NUMBER, arguments=(1, 1), accepts="S")
def _ascii(text: str) -> int:
    return ord(text[0])


@register("CHR", result=SqlType(TypeName.VARCHAR2, size=4), arguments=(1, 1), accepts="N")
def _character(code: Number) -> str:
    try:
        return chr(int(code))
    except (OverflowError, ValueError):
        raise OraError(1428, number_text(code)) from None


@functools.lru_cache(maxsize=512)
def _like_pattern(pattern: str, escape: str | None) -> re.Pattern[str]:
    """Return the expression of a LIKE pattern.

    What stands between two ``%`` is sought leftmost and never sought again (an atomic group): backtracking would take
    time that grows with a power of the text's length.
    """
    parts, at = [""], 0
    while at < len(pattern):
        char = pattern[at]
        if escape is not None and char == escape:
            at += 1
            if at >= len(pattern):
                raise OraError(1424, text="ORA-01424: missing or illegal character following the escape character")
            parts[-1] += re.escape(pattern[at])
        elif char == "%":
            parts.append("")
        else:
            parts[-1] += "." if char == "_" else re.escape(char)
        at += 1
    first, *others = parts
    between = "".join(f"(?>.*?{part})" for part in others[:-1] if part)
    return re.compile(first + between + (f".*{others[-1]}" if others else ""), re.DOTALL)


def like(text: str | None, pattern: str | None, escape: str | None = None) -> int | None:
    """LIKE on stored strings: 1, 0, or NULL; case counts."""
    if text is None or pattern is None:
        return None
    return int(_like_pattern(pattern, escape).fullmatch(text) is not None)


@register("JSON", result=SqlType(TypeName.CLOB), arguments=(1, 1), accepts="S")
def _json(text: str) -> Value:
    """Check that a text is JSON; it stays a text, for the parameters of supplied packages that take JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise OraError(40441, text="ORA-40441: JSON syntax error") from None
    return text
