"""What a cluster of instances is made of: ``cluster.json``, readable by its owner only, because of its secrets."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE_NAME = "cluster.json"
LOOPBACK = "127.0.0.1"
#: Locked while roles change.
LOCK_FILE = "broker.lock"


@dataclass(frozen=True, slots=True)
class InstanceConfig:
    """One instance."""

    #: DB_UNIQUE_NAME, instance name and a service of its own.
    name: str
    #: Port of the listener.
    port: int
    #: Port at which it serves redo.
    redo_port: int
    #: Port of its control channel; 0 for any free one.
    control_port: int = 0
    #: The address at which it listens and the others find it; the name of a container, say. On loopback all instances
    #: belong to this machine.
    host: str = LOOPBACK
    #: Whether it is the primary.
    is_primary: bool = False
    #: Whether it is a snapshot standby: writable for itself, until it is converted back.
    is_snapshot: bool = False
    #: DB_NAME, the same for all.
    db_name: str = "mydb"
    #: The pluggable database; services are ``<pdb>``, ``<pdb>_rw`` on the primary, ``<pdb>_ro`` on a standby,
    #: ``<pdb>_snap`` on a snapshot standby.
    pdb: str = "mypdb"
    #: Modelled time of a picture's inference, milliseconds: it takes that long at least, the real one included.
    inference_ms: float = 0.0
    #: Modelled network time of a redirected statement, added to the real one, milliseconds.
    redirect_ms: float = 0.0
    #: When a redirecting session waits for its redo: ``commit`` (as 26ai) or ``dml`` (as 23ai: after each statement
    #: too).
    redirect_wait: str = "commit"
    #: Most inferences at once.
    inference_processes: int = 2
    #: An inference that takes longer is given up, and its process ended.
    inference_deadline_seconds: float = 20.0
    #: Calls end with ORA-04036 while the instance's own process has more memory, MiB; its inference processes apart.
    memory_limit_mib: int = 4096
    #: The newest layout of the wire offered: 24 as 23ai, 13 as 19c.
    field_version: int = 24
    fast_auth: bool = False
    end_of_response: bool = False

    def dsn(self, service: str) -> str:
        """Return an Easy Connect string for one of its services."""
        return f"{self.host}:{self.port}/{service}"

    @property
    def role_service(self) -> str:
        """The service that only its role offers."""
        return f"{self.pdb}_{'rw' if self.is_primary else 'snap' if self.is_snapshot else 'ro'}"

    @property
    def role(self) -> str:
        """PRIMARY, PHYSICAL STANDBY or SNAPSHOT STANDBY."""
        return "PRIMARY" if self.is_primary else "SNAPSHOT STANDBY" if self.is_snapshot else "PHYSICAL STANDBY"


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """All instances, their present roles, and what they must know of each other."""

    instances: tuple[InstanceConfig, ...]
    #: Password of the internal user through which standbys act on the primary.
    link_password: str = field(repr=False)
    #: What a standby must know to be sent redo.
    redo_secret: str = field(repr=False)
    #: What a caller must know to command an instance; without one nobody can.
    control_secret: str = field(default="", repr=False)
    #: Failovers so far; each began an incarnation of the database.
    failovers: int = 0

    def instance(self, name: str) -> InstanceConfig:
        """Return an instance; KeyError if there is none."""
        for instance in self.instances:
            if instance.name == name:
                return instance
        raise KeyError(name)

    @property
    def primary(self) -> InstanceConfig:
        """The primary."""
        return next(instance for instance in self.instances if instance.is_primary)

    def primary_dsn(self) -> str:
        """Return an Easy Connect string for the primary's service, whichever instance is the primary.

        It names all listeners: those that do not offer the service refuse, and the driver tries the next one.
        """
        first = sorted(self.instances, key=lambda instance: not instance.is_primary)
        addresses = ",".join(f"{instance.host}:{instance.port}" for instance in first)
        return f"{addresses}/{self.primary.role_service}"

    def with_primary(self, name: str, *, is_failover: bool = False) -> ClusterConfig:
        """Return the configuration after a role change: this instance is the primary, all others are standbys."""
        instances = tuple(
            dataclasses.replace(each, is_primary=each.name == name, is_snapshot=each.is_snapshot and each.name != name)
            for each in self.instances
        )
        return dataclasses.replace(self, instances=instances, failovers=self.failovers + is_failover)

    def with_snapshot(self, name: str, *, on: bool) -> ClusterConfig:
        """Return the configuration with this standby converted to a snapshot standby, or back."""
        instances = tuple(
            dataclasses.replace(each, is_snapshot=on) if each.name == name else each for each in self.instances
        )
        return dataclasses.replace(self, instances=instances)

    def save(self, directory: Path) -> None:
        """Write it below a directory."""
        path = directory / FILE_NAME
        fresh = path.with_suffix(".new")  # replaced as a whole: instances read it while they run
        fresh.touch(mode=0o600)
        fresh.chmod(0o600)
        fresh.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")
        fresh.replace(path)


def load_cluster_config(directory: Path) -> ClusterConfig:
    """Read it.

    Raises:
        FileNotFoundError: There is no cluster below this directory.
    """
    found: dict[str, Any] = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
    instances = tuple(InstanceConfig(**instance) for instance in found.pop("instances"))
    return ClusterConfig(instances=instances, **found)
