from __future__ import annotations

import json
from typing import Any

import pytest

from fleet.errors import MessageError
from fleet.messages import RangeMessage

GOOD = {"v": 1, "run_id": "r", "first_id": 1, "last_id": 9, "pictures": 5}


def test_a_message_survives_json_and_names_its_task_the_same_each_time() -> None:
    message = RangeMessage("r", 1, 9, 5)
    again = RangeMessage.from_kwargs(json.loads(json.dumps(message.to_kwargs())))
    assert again == message
    assert again.task_id == message.task_id != RangeMessage("r", 1, 10, 5).task_id


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": 3},
        {"v": True},
        {"first_id": "1"},
        {"first_id": True},
        {"last_id": 0},
        {"pictures": -1},
        {"more": 1},
    ],
)
def test_a_message_that_is_not_ours_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MessageError):
        RangeMessage.from_kwargs({**GOOD, **change})


def test_a_range_without_history_is_readable_by_every_version() -> None:
    assert RangeMessage("r", 1, 10, 5).to_kwargs() == {
        "v": 1,
        "run_id": "r",
        "first_id": 1,
        "last_id": 10,
        "pictures": 5,
    }


def test_a_range_carries_its_history() -> None:
    message = RangeMessage("r", 1, 10, 5)
    failed = message.after_failure("sby1").after_failure("sby2").after_failure("sby1").after_loss()
    assert (failed.attempts, failed.failed_on, failed.losses) == (3, ("sby1", "sby2"), 1)
    read = RangeMessage.from_kwargs(json.loads(json.dumps(failed.to_kwargs())))
    assert read == failed
    assert read.part(1, 4, 2) == RangeMessage("r", 1, 4, 2)


@pytest.mark.parametrize("change", [{"failed_on": "sby1"}, {"failed_on": [1]}, {"attempts": -1}, {"losses": "1"}])
def test_a_senseless_history_is_refused(change: dict[str, Any]) -> None:
    kwargs = RangeMessage("r", 1, 10, 5).after_failure("sby1").to_kwargs()
    with pytest.raises(MessageError):
        RangeMessage.from_kwargs({**kwargs, **change})
