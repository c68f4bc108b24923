"""The process that runs the inputs of one target: ``python -m tests.fuzz.child TARGET SEED FIRST LAST SECONDS FOLDER``.

It notes each input before it runs it, so that who watches knows which one it was when the process hangs or dies.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
import time
import traceback
from mmap import mmap
from pathlib import Path
from random import Random

from tests.fuzz.targets import in_session_thread, opened

#: Memory that a process may have; what wants more is a finding.
_MOST_BYTES = 3 << 30
_CHECK_EVERY = 50
#: Number of the running input, when it began (monotonic clock, 0 before the first).
NOTE = struct.Struct("<qd")
_LONGEST_SHOWN = 600
_LONGEST_ERROR = 3_000


def main(target: str, seed: str, first: int, last: int, seconds: float, folder: Path) -> None:
    """Run inputs ``first`` to ``last``, or as many as the time allows."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    findings = (folder / "findings.jsonl").open("a", encoding="utf-8")
    with (folder / "note").open("r+b") as file, opened(target, folder) as opened_target:
        note = mmap(file.fileno(), NOTE.size)
        memory = folder / "pid"
        memory.write_text(str(opened_target.pid or ""), encoding="ascii")

        def report(number: int, given: object, error: BaseException) -> None:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in frames if "/emulator/" in frame.filename] or frames
            place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
            line = {
                "kind": "crash",
                "number": number,
                "place": f"{type(error).__name__} at {place}",
                "error": f"{error}"[-_LONGEST_ERROR:],
                "input": repr(given)[:_LONGEST_SHOWN],
                "trace": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
            }
            findings.write(json.dumps(line) + "\n")
            findings.flush()

        def work() -> None:
            end = time.monotonic() + seconds
            number = first
            while number <= last and time.monotonic() < end:
                given: object = None
                try:
                    given = opened_target.draw(Random(f"{seed}:{target}:{number}"))
                    note[:] = NOTE.pack(number, time.monotonic())
                    opened_target.run(given)
                    if number % _CHECK_EVERY == 0:
                        opened_target.check()
                except Exception as error:  # noqa: BLE001 - every one is a finding
                    report(number, given, error)
                number += 1
            try:
                opened_target.check()
            except Exception as error:  # noqa: BLE001 - every one is a finding
                report(number - 1, None, error)
            note[:] = NOTE.pack(number, 0.0)

        in_session_thread(work)
        refusals = getattr(opened_target, "refusals", None)
        with (folder / "refusals").open("a", encoding="ascii") as file_of_refusals:
            file_of_refusals.write(f"{refusals.count if refusals is not None else 0}\n")
    findings.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), Path(sys.argv[6]))
