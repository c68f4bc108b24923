"""Tries DML redirection: real inserts on the primary through a standby's session, of which nothing is ever committed.

Everything is taken back before it is committed, so nothing is left however this ends: Ctrl-C, a lost network, a
killed process. The only COMMIT is of a transaction that has undone its own change, which costs the same: its redo must
come back to the standby. Rows belong to pictures of the trial's own, with ids below zero and no image, so that no
worker waits for them; an account that may not insert pictures borrows pending ones.
"""

from __future__ import annotations

import array
import contextlib
import time
from collections.abc import Callable, Sequence

from fleet.errors import DatabaseError
from fleet.sessions import translated
from loader.doctor.findings import Findings, Verdict, bad, doubtful, good
from loader.doctor.visit import Purpose, Visit

#: Pictures that the trial writes rows for: one alone, one more by FORALL, one more by an array of the client's.
_PICTURES = 3
_INSERT = "INSERT INTO picture_embeddings (id, embedding) VALUES (:1, :2)"
#: As the range procedure does it: one statement for many rows, those that are refused are reported.
_FORALL = """
DECLARE
  TYPE t_ids IS TABLE OF NUMBER;
  TYPE t_vectors IS TABLE OF VECTOR;
  v_ids t_ids := t_ids();
  v_vectors t_vectors := t_vectors();
  bulk_errors EXCEPTION;
  PRAGMA EXCEPTION_INIT(bulk_errors, -24381);
BEGIN
  v_ids.EXTEND(2);
  v_vectors.EXTEND(2);
  v_ids(1) := :stored;
  v_ids(2) := :fresh;
  v_vectors(1) := :embedding;
  v_vectors(2) := v_vectors(1);
  BEGIN
    FORALL i IN 1 .. v_ids.COUNT SAVE EXCEPTIONS
      INSERT INTO picture_embeddings (id, embedding) VALUES (v_ids(i), v_vectors(i));
  EXCEPTION
    WHEN bulk_errors THEN
      :refused := SQL%BULK_EXCEPTIONS(1).ERROR_CODE;
  END;
END;"""
_BY_ROW = "workers find that out by themselves and insert row by row; INSERT_MODE=ROW spares them the trial"


class RedirectionTrial:
    """One session's trial."""

    def __init__(self, visit: Visit) -> None:
        """Write nothing yet.

        Args:
            visit: A session on a standby, of an account that may insert, in which nobody has switched redirection on.
        """
        self._visit = visit
        self._vector: array.array[float] | None = None
        self._ids: list[int] = []
        #: An id that no picture has.
        self._nobody = 0

    def examine(self, findings: Findings, vector: Sequence[float] | None) -> None:
        """Make all checks of redirection; each ends with its transaction rolled back.

        Args:
            findings: Told each.
            vector: A vector of the right dimensions; None: rows without one.
        """
        place = self._visit.place
        self._vector = None if vector is None else array.array("f", vector)
        verdict = findings.check(place, "redirection", self._undone(self._redirection))
        if verdict.has_failed or not self._ids:
            return
        findings.check(place, "refused rows", self._undone(self._refused_rows))
        findings.check(place, "array insert", self._undone(self._forall))
        findings.check(place, "client array", self._undone(self._client_array))
        findings.check(place, "commit", self._undone(self._commit))

    def _undone(self, examine: Callable[[], Verdict]) -> Callable[[], Verdict]:
        def examined() -> Verdict:
            try:
                return examine()
            finally:
                with contextlib.suppress(Exception):  # a session that is lost has rolled back
                    self._visit.connection.rollback()

        return examined

    # ------------------------------------------------------------------ the checks

    def _redirection(self) -> Verdict:
        """Whether an insert is redirected, how long it takes, and whether the session reads it."""
        visit = self._visit
        self._choose_ids()
        if not self._ids:
            return doubtful(
                f"not tried: {visit.user} may not add pictures, and fewer than {_PICTURES} are pending",
                "load pictures first, or check redirection as their owner",
            )
        at_logon = self._is_redirected_at_logon()
        for statement in ("ALTER SESSION DISABLE ADG_REDIRECT_PLSQL", "ALTER SESSION ENABLE ADG_REDIRECT_DML"):
            visit.run(statement)
        self._add_pictures(self._ids[:1])
        started = time.monotonic()
        visit.run(_INSERT, self._ids[0], self._vector)
        inserted = time.monotonic()
        own = visit.value("SELECT COUNT(*) FROM picture_embeddings WHERE id = :id", id=self._ids[0])
        read = time.monotonic()
        if own != 1:
            return bad(
                "the session does not read what it has inserted by redirection",
                "is ADG_REDIRECT_DML handled by this release? Ask Oracle Support",
            )
        return good(
            f"an insert takes {inserted - started:.3f} s, reading it {read - inserted:.3f} s; "
            f"redirection is {'on' if at_logon else 'off'} at logon, workers turn it on themselves"
        )

    def _refused_rows(self) -> Verdict:
        """Whether refusals of the primary arrive with their codes: a range relies on two of them."""
        self._add_pictures(self._ids[:1])
        self._visit.run(_INSERT, self._ids[0], self._vector)
        second = self._codes_of(self._ids[0])
        parentless = self._codes_of(self._nobody)
        if "ORA-00001" in second and "ORA-02291" in parentless:
            return good("a second row arrives as ORA-00001, a row without a picture as ORA-02291")
        return bad(
            f"a second row arrives as {', '.join(second) or 'no error'}, a row without a picture as "
            f"{', '.join(parentless) or 'no error'}, instead of ORA-00001 and ORA-02291",
            "check the keys of sql/02_create_schema.sql; if they are there, report this: ranges would be tried again",
        )

    def _forall(self) -> Verdict:
        """Whether FORALL works through redirection, rows that are refused reported one by one."""
        self._add_pictures(self._ids[:2])
        self._visit.run(_INSERT, self._ids[0], self._vector)
        started = time.monotonic()
        try:
            with translated(self._visit.place), self._visit.connection.cursor() as cursor:
                refused = cursor.var(int)
                values = {"stored": self._ids[0], "fresh": self._ids[1], "embedding": self._vector}
                cursor.execute(_FORALL, **values, refused=refused)
        except DatabaseError as error:
            return doubtful(f"FORALL fails through redirection: {error}", _BY_ROW)
        seconds = time.monotonic() - started
        if refused.getvalue() != 1:
            return doubtful(f"FORALL reports a second row as code {refused.getvalue()}, not 1", _BY_ROW)
        return good(f"FORALL of 2 rows takes {seconds:.3f} s and reports the one that is refused")

    def _client_array(self) -> Verdict:
        """Whether an array of the client's works through redirection; the fleet can do without."""
        self._add_pictures([self._ids[0], self._ids[2]])
        self._visit.run(_INSERT, self._ids[0], self._vector)
        advice = "nothing of the fleet needs it; report it"
        try:
            with translated(self._visit.place), self._visit.connection.cursor() as cursor:
                rows = [(self._ids[0], self._vector), (self._ids[2], self._vector)]
                cursor.executemany(_INSERT, rows, batcherrors=True)
                errors = cursor.getbatcherrors() or []
        except DatabaseError as error:
            return doubtful(f"executemany fails through redirection: {error}", advice)
        if [(error.offset, error.code) for error in errors] != [(0, 1)]:
            return doubtful(f"executemany reports {len(errors)} refused rows instead of the first", advice)
        return good("executemany works and reports the row that is refused")

    def _commit(self) -> Verdict:
        """How long a redirected commit takes: until its redo has come back and is applied here."""
        visit = self._visit
        if visit.purpose is Purpose.OWNER:
            self._add_pictures(self._ids[:1])
            visit.run("DELETE FROM pictures WHERE id = :1", self._ids[0])
        else:  # it may not delete
            visit.run("SAVEPOINT adgfleet_doctor")
            visit.run(_INSERT, self._ids[0], self._vector)
            visit.run("ROLLBACK TO SAVEPOINT adgfleet_doctor")
        started = time.monotonic()
        visit.connection.commit()
        seconds = time.monotonic() - started
        limit = visit.settings.commit_latency_limit
        if seconds > limit:
            return bad(
                f"a commit takes {seconds:.1f} s; a worker pauses above {limit:g} s",
                "ship redo synchronously (SYNC) to this standby and check its apply, or raise COMMIT_LATENCY_LIMIT",
            )
        return good(f"a commit takes {seconds:.3f} s")

    # ------------------------------------------------------------------ rows

    def _choose_ids(self) -> None:
        visit = self._visit
        lowest = int(visit.value("SELECT LEAST(NVL(MIN(id), 0), 0) FROM pictures"))
        self._nobody = lowest - 1
        if visit.purpose is Purpose.OWNER:
            self._ids = [self._nobody - number for number in range(1, _PICTURES + 1)]
            return
        pending = visit.rows(
            "SELECT p.id FROM pictures p LEFT OUTER JOIN picture_embeddings e ON e.id = p.id "
            "WHERE e.id IS NULL ORDER BY p.id DESC FETCH FIRST :most ROWS ONLY",
            most=_PICTURES,
        )
        self._ids = [int(number) for (number,) in pending] if len(pending) == _PICTURES else []

    def _add_pictures(self, ids: Sequence[int]) -> None:
        if self._visit.purpose is Purpose.OWNER:
            for number in ids:
                self._visit.run("INSERT INTO pictures (id) VALUES (:1)", number)

    def _is_redirected_at_logon(self) -> bool:
        """Whether DML is redirected before anybody has asked for it: ADG_REDIRECT_DML of the instance."""
        try:
            with translated(self._visit.place):
                self._visit.run(_INSERT, self._nobody, self._vector)
        except DatabaseError as error:
            if "ORA-16000" in error.codes:
                return False
            if "ORA-02291" in error.codes:
                return True
            raise
        finally:
            self._visit.connection.rollback()
        return True

    def _codes_of(self, number: int) -> tuple[str, ...]:
        try:
            with translated(self._visit.place):
                self._visit.run(_INSERT, number, self._vector)
        except DatabaseError as error:
            return error.codes
        return ()
