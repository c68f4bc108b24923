"""AFTER STARTUP triggers: blocks that run when a database opens, at its start and after each change of its role.

Their owner's rights hold. What they raise is only logged, as Oracle writes it to the alert log.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from emulator.errors import OraError
from emulator.plsql.execution import run_block
from emulator.plsql.units import trigger_block
from emulator.session import Logon
from emulator.session_threads import start_session_thread
from emulator.statement_text import scan_statement

if TYPE_CHECKING:
    from emulator.engine.objects import Unit
    from emulator.instance import Instance
    from emulator.user_session import UserSession

log = logging.getLogger("emulator.triggers")


def fire_startup_triggers(instance: Instance) -> None:
    """Run the triggers of a database that has just been opened, in a thread of their own."""
    triggers = [unit for unit in instance.store.catalogue.units.values() if unit.kind == "TRIGGER" and unit.valid]
    if triggers:
        start_session_thread(_fire, instance, triggers, name="triggers")


def _fire(instance: Instance, triggers: list[Unit]) -> None:
    for unit in triggers:
        logon = Logon(user=unit.owner, proxy_client=None, service_name=instance.config.name, program="oracle (startup)")
        session = instance.start_session(logon)
        try:
            session.work(lambda caller, trigger=unit: _run(caller, trigger))  # type: ignore[misc]
        except OraError as error:
            log.warning("trigger %s.%s failed: %s", unit.owner, unit.name, error.text)
        finally:
            session.close(commit=True)


def _run(session: UserSession, unit: Unit) -> None:
    run_block(session, scan_statement(trigger_block(unit.source)), (), ())
