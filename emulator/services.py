"""The services of one instance: those of its role, which are always there, and those that DBMS_SERVICE makes.

A service that was made is known in all databases (its definition travels by redo) and offered where it was started.
Its parameters for Application Continuity are kept and shown; nothing here replays anything.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulator.errors import OraError

if TYPE_CHECKING:
    from emulator.instance import Instance
    from emulator.session import Session

_SUFFIXES = ("rw", "ro", "snap")


class Services:
    """What the listener offers for an instance; started and stopped by DBMS_SERVICE."""

    def __init__(self, instance: Instance) -> None:
        """Offer what the role says."""
        self._instance = instance
        self._lock = threading.Lock()
        #: Names in upper case.
        self._started: set[str] = set()
        self._stopped: set[str] = set()

    def offered(self) -> tuple[str, ...]:
        """Return the names of the services that clients can connect to."""
        config = self._instance.config
        always = (config.pdb, config.name)
        if not self._instance.is_open:
            return always
        suffix = {"PRIMARY": "rw", "SNAPSHOT STANDBY": "snap"}.get(self._instance.role_name, "ro")
        made = self._instance.store.catalogue.services
        with self._lock:
            roles = [] if f"{config.pdb}_{suffix}".upper() in self._stopped else [f"{config.pdb}_{suffix}"]
            started = [made[key].name for key in sorted(self._started) if key in made]
        return (*roles, *always, *started)

    def exists(self, name: str) -> bool:
        """Tell whether a service of that name was made, or belongs to a role."""
        return name.upper() in self._instance.store.catalogue.services or name.upper() in self._role_names()

    def start(self, name: str) -> None:
        """Offer a service here.

        Raises:
            OraError: 44304, there is none; 44305, it is offered already.
        """
        self._check(name)
        if self._is_offered(name):
            raise OraError(44305, name)
        with self._lock:
            self._stopped.discard(name.upper())
            if name.upper() not in self._role_names():
                self._started.add(name.upper())

    def stop(self, name: str) -> None:
        """Offer a service no more; its sessions go on.

        Raises:
            OraError: 44304, there is none; 44311, it is not offered.
        """
        self._check(name)
        if not self._is_offered(name):
            raise OraError(44311, name)
        with self._lock:
            self._started.discard(name.upper())
            if name.upper() in self._role_names():
                self._stopped.add(name.upper())

    def disconnect(self, name: str, *, but: Session) -> None:
        """End the sessions of a service, save the one that asks; raises ORA-44304."""
        self._check(name)
        for session in self._instance.sessions():
            if session is not but and session.logon.service_name.upper() == name.upper():
                session.kill(immediate=True)

    def parameters(self, name: str) -> Mapping[str, str]:
        """Return a service's parameters as they were set, by name in upper case."""
        found = self._instance.store.catalogue.services.get(name.upper())
        return found.parameters if found is not None else {}

    def _role_names(self) -> set[str]:
        return {f"{self._instance.config.pdb}_{suffix}".upper() for suffix in _SUFFIXES}

    def _is_offered(self, name: str) -> bool:
        return name.upper() in {each.upper() for each in self.offered()}

    def _check(self, name: str) -> None:
        if not self.exists(name):
            raise OraError(44304, name)
