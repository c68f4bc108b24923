"""What a search may end in besides hits."""

from __future__ import annotations

from collections.abc import Mapping

from fleet.errors import FleetError, InputError


class NoStandbyError(FleetError):
    """No database that may be searched answers; the text says what each of them said.

    Attributes:
        failures: What each database said, by its name.
    """

    def __init__(self, failures: Mapping[str, str]) -> None:
        """Say it in one line."""
        self.failures = dict(sorted(failures.items()))
        super().__init__(f"no standby answers: {'; '.join(self.failures.values())}")

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the failures."""
        return type(self), (self.failures,)


class UnknownPictureError(InputError):
    """There is no such picture, or it has no embedding yet."""
