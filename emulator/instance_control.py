"""What the control channel can ask of an instance; ``emulator.levers`` is the other side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulator.control import Command, ControlError, Json
from emulator.errors import NotEmulated

if TYPE_CHECKING:
    from emulator.instance import Instance
    from emulator.instance_roles import InstanceRoles
    from emulator.server import Server


def make_commands(instance: Instance, server: Server, roles: InstanceRoles) -> Mapping[str, Command]:
    """Return the commands of an instance by name."""
    faults, dataguard = instance.faults, instance.dataguard

    def status() -> Json:
        return {
            "name": instance.config.name,
            "role": instance.role_name,
            "is_open": instance.is_open,
            "open_mode": instance.open_mode,
            "scn": instance.store.scn,
            "apply_lag_seconds": dataguard.apply_lag_seconds(),
            "sessions": len(instance.sessions()),
            "inferences": instance.inference.inferences,
            "faults": {**faults.describe(), **dataguard.describe_faults()},
        }

    def refuse(on: bool) -> None:
        faults.refuses = on

    def deaf(on: bool) -> None:
        faults.set_deaf(on=on)

    def cut(calls: int | None, point: str) -> Json:
        if calls is None:
            return server.disconnect_all()
        faults.arm_cut(calls, point)
        return 0

    def lag(seconds: float) -> None:
        _on_standby(lambda: dataguard.set_apply_lag(float(seconds)))

    def apply(on: bool) -> None:
        _on_standby(lambda: dataguard.set_apply(on))

    def slow_commit(seconds: float) -> None:
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"{seconds} s is no time that a commit can take")
        faults.slow_commit_seconds = float(seconds)

    def ora(code: int, count: int, point: str | None) -> Json:
        return faults.arm_error(code, count, point)

    return {
        "status": status,
        "refuse": refuse,
        "deaf": deaf,
        "cut": cut,
        "lag": lag,
        "apply": apply,
        "slow_commit": slow_commit,
        "ora": ora,
        "bad_picture_code": faults.set_bad_picture_code,
        **_role_commands(roles),
    }


def _role_commands(roles: InstanceRoles) -> Mapping[str, Command]:
    """Return the steps of role changes; only ``emulator.broker`` knows their order."""

    def catch_up(scn: int | None, within_seconds: float) -> Json:
        return roles.catch_up(scn, within_seconds)

    def promote(preserve_sessions: bool, opening_seconds: float) -> None:
        roles.promote(preserve_sessions=preserve_sessions, opening_seconds=opening_seconds)

    return {
        "demote": roles.demote,
        "reopen": roles.reopen,
        "catch_up": catch_up,
        "promote": promote,
        "follow": roles.follow,
        "to_snapshot": roles.to_snapshot,
        "to_physical": roles.to_physical,
    }


def _on_standby(act: Command) -> None:
    try:
        act()
    except NotEmulated:
        raise ControlError("it is the primary, which applies no redo") from None
