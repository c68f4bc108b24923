"""How long a text may become inside the emulator: a few functions of a short statement could ask for any memory."""

from __future__ import annotations

from emulator.errors import OraError

#: Characters. Oracle's own limits are far lower for VARCHAR2 and far higher for CLOB.
LONGEST_TEXT = 64 * 1024 * 1024


def check_length(characters: int) -> None:
    """Refuse to make a text that is too long.

    Raises:
        OraError: 1489.
    """
    if characters > LONGEST_TEXT:
        raise OraError(1489)
