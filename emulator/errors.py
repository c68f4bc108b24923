"""The emulator's errors: what travels to a client, and what ends a connection.

::

    EmulatorError
    ├── LocalProtocolError      our own bug while writing to the wire
    ├── RemoteProtocolError     bytes of the peer that break the protocol: the connection is closed
    └── OraError                travels to the client as ORA-nnnnn with the server's wording
        └── NotEmulated         ORA-03001 naming the feature: refused, never ignored
"""

from __future__ import annotations

from emulator.ora_messages import MESSAGES


class EmulatorError(Exception):
    """Base of everything that the emulator raises on purpose."""


class LocalProtocolError(EmulatorError):
    """The emulator tried to write something that the protocol does not allow."""


class RemoteProtocolError(EmulatorError):
    """The peer sent bytes that the protocol does not allow; its connection is closed."""


class OraError(EmulatorError):
    r"""An Oracle error: a code, the server's wording, and where in the statement it is.

    Attributes:
        code: The number of ORA-nnnnn.
        text: The whole text that travels, several lines where errors are stacked
            (``ORA-01403: no data found\nORA-06512: at line 2``).
        offset: 0-based character offset of the fault in the statement; 0 where unknown.
        row_count: Executions of an array DML that succeeded before this error.
    """

    def __init__(self, code: int, *arguments: object, text: str | None = None, offset: int = 0) -> None:
        """Build the error from its code.

        Args:
            code: The number of ORA-nnnnn; its wording is in ``ora_messages``.
            *arguments: What the wording's ``{}`` are replaced with.
            text: A complete text instead of the wording (must start with ``ORA-nnnnn: ``), for stacks.
            offset: See the class.
        """
        self.code = code
        self.arguments = arguments
        self.text = text if text is not None else f"ORA-{code:05d}: {MESSAGES[code].format(*arguments)}"
        self.offset = offset
        self.row_count = 0
        super().__init__(self.text)


class NotEmulated(OraError):  # noqa: N818 - the design's name; reads as what it says
    """ORA-03001 with the name of the feature that the emulator does not have."""

    def __init__(self, feature: str, *, offset: int = 0) -> None:
        """Name the feature, as a reader of Oracle's manuals would look it up."""
        self.feature = feature
        super().__init__(3001, text=f"ORA-03001: unimplemented feature: {feature} is not emulated", offset=offset)
