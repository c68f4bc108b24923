from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from fleet.errors import MessageError, PermanentDatabaseError, TransientDatabaseError, WrongRoleError
from fleet.messages import RangeMessage
from fleet.ora_codes import classify

GOOD = {"v": 1, "run_id": "r", "first_id": 1, "last_id": 9, "pictures": 5}


def test_a_message_survives_json_and_names_its_task_the_same_each_time() -> None:
    message = RangeMessage("r", 1, 9, 5)
    again = RangeMessage.from_kwargs(json.loads(json.dumps(message.to_kwargs())))
    assert again == message
    assert again.task_id == message.task_id != RangeMessage("r", 1, 10, 5).task_id


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"first_id": "1"}, {"first_id": True}, {"last_id": 0}, {"pictures": -1}, {"more": 1}]
)
def test_a_message_that_is_not_ours_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MessageError):
        RangeMessage.from_kwargs({**GOOD, **change})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ORA-20901: runs on a physical standby only", WrongRoleError),
        ("ORA-16456: switchover", TransientDatabaseError),
        ("DPY-4011: the database closed the connection", TransientDatabaseError),
        ("ORA-01017: invalid credential", PermanentDatabaseError),
        ("ORA-00942: table does not exist", PermanentDatabaseError),
    ],
)
def test_a_code_decides_what_is_done_and_survives_pickling(text: str, kind: type[Exception]) -> None:
    error = classify(text, "sby1")
    assert type(error) is kind
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.codes) == (kind, str(error), error.codes)
