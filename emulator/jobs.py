"""Jobs: sessions of the same user that work for another session, side by side."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from emulator.errors import OraError
from emulator.session_threads import start_session_thread

if TYPE_CHECKING:
    from emulator.user_session import UserSession

#: How often the waiting session looks whether its client has given up, seconds.
_WAIT_SLICE_SECONDS = 0.05


def run_jobs(session: UserSession, works: Sequence[Callable[[UserSession], None]]) -> None:
    """Run each work in a session of its own and wait for all of them; what a work leaves open is rolled back.

    Raises:
        OraError: The first error that a work let out, or 1013 when the waiting session was told to stop.
    """
    errors: list[OraError] = []
    done = threading.Semaphore(0)
    jobs: list[UserSession] = []
    for number in range(len(works)):
        logon = dataclasses.replace(session.logon, program=f"oracle@{session.instance.host_name} (J{number:03d})")
        jobs.append(session.instance.open_session(logon))

    def run(job: UserSession, work: Callable[[UserSession], None]) -> None:
        try:
            job.work(work)
        except OraError as error:
            errors.append(error)
        finally:
            job.close(commit=False)
            done.release()

    threads = [start_session_thread(run, job, work, name="job") for job, work in zip(jobs, works, strict=True)]
    try:
        for _ in works:
            while not done.acquire(timeout=_WAIT_SLICE_SECONDS):
                session.check_cancelled()
    except OraError:
        for job in jobs:
            job.cancel()
        raise
    finally:
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
