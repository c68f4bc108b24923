"""What the doctor finds: one line for each check, with what to do next."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import redis
from kombu.exceptions import KombuError

from fleet.errors import DatabaseError, FleetError
from fleet.ora_codes import LOST_SESSION
from fleet.sessions import translated

#: The session is gone, or a call was not answered in time.
_NO_SESSION = LOST_SESSION | {"DPY-4024"}


class Level(StrEnum):
    """How good a finding is; a run with a FAIL ends in 1."""

    OK = "OK"
    #: The fleet works, but worse than it could, or it could not be checked.
    WARN = "WARN"
    #: The fleet does not work until this is mended.
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check has to say."""

    level: Level
    text: str
    #: What to do next; empty when there is nothing to do.
    advice: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the fleet does not work because of it."""
        return self.level is Level.FAIL


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's verdict, and where it was."""

    #: ``primary``, a standby's name, ``redis``; with `` as NAME`` when an account of its own was looked at.
    place: str
    check: str
    level: Level
    text: str
    advice: str
    #: How long the check took.
    seconds: float


def good(text: str) -> Verdict:
    """Nothing to do."""
    return Verdict(Level.OK, text)


def doubtful(text: str, advice: str) -> Verdict:
    """Worth a look."""
    return Verdict(Level.WARN, text, advice)


def bad(text: str, advice: str) -> Verdict:
    """To be mended first."""
    return Verdict(Level.FAIL, text, advice)


@dataclass
class Findings:
    """All findings so far; each is told as soon as it is made."""

    #: Told each finding.
    tell: Callable[[Finding], None]
    #: Told what is being looked at: place and check.
    begin: Callable[[str, str], None] = lambda _place, _check: None
    all: list[Finding] = field(default_factory=list)
    #: Places whose session is gone or does not answer: nothing more is asked there.
    _lost: set[str] = field(default_factory=set)

    def check(self, place: str, name: str, examine: Callable[[], Verdict]) -> Verdict:
        """Make one check; an error of a database or of Redis is a FAIL with the error's own advice.

        A place whose session was lost has that one FAIL: what would follow is neither asked nor listed.
        """
        if place in self._lost:
            return bad("not checked", "")
        self.begin(place, name)
        started = time.monotonic()
        try:
            with translated(place):
                verdict = examine()
        except DatabaseError as error:
            said = str(error).removeprefix(f"{error.database}: ").removesuffix(f" — {error.advice}")
            advice = error.advice or "ask a DBA what the code means there"
            if _NO_SESSION.intersection(error.codes):
                self._lost.add(place)
                advice = "is the database up, and not overloaded? Then run the check again"
            verdict = bad(said, advice)
        except FleetError as error:
            said, _, advice = str(error).partition("; ")
            verdict = bad(said, advice)
        except (redis.RedisError, KombuError) as error:
            verdict = bad(f"{type(error).__name__}: {error}", "is Redis running, and not overloaded?")
        except (ValueError, TypeError, LookupError) as error:
            verdict = doubtful(f"the answer is not what was expected: {error!r}", "look yourself, and please report it")
        finding = Finding(
            place, name, verdict.level, " ".join(verdict.text.split()), verdict.advice, time.monotonic() - started
        )
        self.all.append(finding)
        self.tell(finding)
        return verdict

    def count(self, level: Level) -> int:
        """Return how many findings are of a level."""
        return sum(finding.level is level for finding in self.all)
