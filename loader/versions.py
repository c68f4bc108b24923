"""The version of the database side: what is installed, what the scripts would install, and that there is no way back.

Version 1 is the one before versions were recorded, the seed's own installation included.
"""

from __future__ import annotations

import re
from pathlib import Path

from fleet.errors import DatabaseError, InputError
from fleet.scripts import read_script
from fleet.sessions import Connection, translated

VERSION_SCRIPT = "13_record_version.sql"
_UNRECORDED = 1
_DEFINED = re.compile(r"^define\s+version\s*=\s*(\d+)\s*$", re.MULTILINE | re.IGNORECASE)
#: The table, or all of the schema's, are not there yet.
_NO_TABLE = "ORA-00942"


def scripts_version(directory: Path) -> int:
    """Return the version that the scripts of a directory install.

    Raises:
        InputError: They do not say; they are not a directory of ours.
    """
    defined = _DEFINED.search(read_script(directory / VERSION_SCRIPT))
    if defined is None:
        raise InputError(f"{directory / VERSION_SCRIPT} defines no version")
    return int(defined[1])


def installed_version(connection: Connection) -> int | None:
    """Return the version of what the session's user owns; None if it owns no pictures yet.

    Raises:
        DatabaseError: The database refused.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM user_tables WHERE table_name = 'PICTURES'")
        if not cursor.fetchone()[0]:
            return None
        try:
            with translated("primary"):
                cursor.execute("SELECT MAX(version) FROM adgfleet_versions")
        except DatabaseError as error:
            if _NO_TABLE not in error.codes:
                raise
            return _UNRECORDED
        (version,) = cursor.fetchone()
    return _UNRECORDED if version is None else int(version)


def check_forward(connection: Connection, directory: Path) -> tuple[int | None, int]:
    """Return the installed version and that of the scripts.

    Raises:
        InputError: The installed one is newer: nothing may be changed.
    """
    installed, offered = installed_version(connection), scripts_version(directory)
    if installed is not None and installed > offered:
        raise InputError(
            f"the database side has version {installed}, these scripts are of version {offered}: there is no way back, "
            "and nothing was changed; use the adgfleet that installed it, or a newer one"
        )
    return installed, offered
