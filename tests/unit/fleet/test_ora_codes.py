"""The error table: whose fault each code is, alone and in a stack."""

from __future__ import annotations

import pickle

import pytest

from emulator.ora_messages import MESSAGES
from fleet.errors import Fault, PermanentDatabaseError, RangeFaultError, TransientDatabaseError, WrongRoleError
from fleet.ora_codes import ERROR_TABLE, LOGON_REFUSED, LOST_SESSION, classify

#: Codes that only say where in a stack something happened.
WRAPPERS = {"ORA-00604", "ORA-02063", "ORA-06512"}
#: What users of Active Data Guard, DML redirection and in-database models meet; source: the project's research.
MET = {
    Fault.PICTURE: "ORA-00001 ORA-02291",
    Fault.RANGE: "ORA-01555 ORA-04036 ORA-51815 DPY-4024",
    Fault.STANDBY: """
        ORA-00028 ORA-00376 ORA-00442 ORA-01012 ORA-01033 ORA-01034 ORA-01089 ORA-01090 ORA-01109 ORA-01115 ORA-03113
        ORA-03114 ORA-03135 ORA-03172 ORA-03173 ORA-03176 ORA-12514 ORA-12537 ORA-12547 ORA-12570 ORA-12571 ORA-12757
        ORA-00018 ORA-00020 ORA-00257 ORA-02391 ORA-03150 ORA-04061 ORA-04065 ORA-04068 ORA-12170 ORA-12516 ORA-12518
        ORA-12519 ORA-12520 ORA-12535 ORA-12543 ORA-12545 ORA-12560 ORA-12592 ORA-16457 ORA-25408
        ORA-16000 ORA-16397 ORA-16456 ORA-27101 DPY-4005 DPY-4011 DPY-6000 DPY-6001 DPY-6005
    """,
    Fault.FLEET: """
        ORA-00904 ORA-00942 ORA-01017 ORA-03174 ORA-12954 ORA-40284 ORA-40286 ORA-40361 ORA-51962 ORA-54400 ORA-54401
        ORA-01536 ORA-01653 ORA-01654 ORA-01691 ORA-01692 ORA-30036 ORA-54408 ORA-54426 ORA-54457 ORA-54465
    """,
}


@pytest.mark.parametrize(("fault", "code"), [(fault, code) for fault, codes in MET.items() for code in codes.split()])
def test_every_code_that_users_meet_is_somebodys_fault(fault: Fault, code: str) -> None:
    error = classify(f"{code}: something", "sby1")
    assert error.fault is fault
    assert error.advice
    assert str(error).endswith(error.advice)


@pytest.mark.parametrize(
    ("stack", "fault"),
    [
        ("ORA-00604: error occurred at recursive SQL level 1\nORA-16456: switchover in progress", Fault.STANDBY),
        ("ORA-00001: unique constraint violated\nORA-02063: preceding line from PRIMARY", Fault.PICTURE),
        ("ORA-20903: storing failed with code 16397: ORA-16397: statement redirection failed", Fault.STANDBY),
        ("ORA-20902: nobody can tell whose fault: ORA-40284: model does not exist", Fault.FLEET),
        ("ORA-20902: nobody can tell whose fault: ORA-54408: the picture's own", Fault.RANGE),
        ("ORA-20902: nobody can tell whose fault: ORA-07445: exception encountered", Fault.RANGE),
        ("ORA-20902: nobody can tell whose fault: ORA-03172: redo is applied too late", Fault.STANDBY),
        ("ORA-20903: storing failed with code 1653: ORA-01653: unable to extend table", Fault.FLEET),
        ("ORA-06550: line 1\nPLS-00201: identifier must be declared", Fault.FLEET),
        ("ORA-00001: unique constraint violated\nORA-03113: end-of-file", Fault.STANDBY),
        ("DPY-6005: cannot connect\nDPY-6001: service is not registered (similar to ORA-12514)", Fault.STANDBY),
        ("ORA-29400: data cartridge error", Fault.RANGE),
        ("no code at all", Fault.RANGE),
    ],
)
def test_all_codes_of_a_stack_count(stack: str, fault: Fault) -> None:
    assert classify(stack, "sby1").fault is fault


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ORA-16000", WrongRoleError),
        ("ORA-16397", TransientDatabaseError),
        ("DPY-4024", RangeFaultError),
        ("ORA-01017", PermanentDatabaseError),
    ],
)
def test_an_error_survives_pickling(code: str, kind: type[Exception]) -> None:
    error = classify(f"{code}: something", "sby1")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) is kind
    assert (str(again), again.codes, again.database, again.advice) == (str(error), (code,), "sby1", error.advice)


def test_the_table_has_advice_for_every_row() -> None:
    assert [code for code, (_, advice) in ERROR_TABLE.items() if not advice] == []
    assert not WRAPPERS & set(ERROR_TABLE)
    assert {"DPY-4011", "ORA-03113"} <= LOST_SESSION
    assert {code for code in LOGON_REFUSED if classify(code, "x").fault is not Fault.FLEET} == set()


def test_the_emulator_knows_the_codes_that_the_fleet_sorts_by() -> None:
    """Codes that the emulator can raise and that mean a standby's fault in the fleet's table are worded by both."""
    shared = {int(code[4:]) for code in ERROR_TABLE if code.startswith("ORA-") and not code.startswith("ORA-20")}
    needed = {1, 2291, 942, 1017, 1033, 1109, 3172, 12514, 16000, 16397, 40284, 40286}
    assert needed <= shared & set(MESSAGES)
