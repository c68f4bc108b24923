"""Whether searching works: standbys, models, and how many pictures there are to find."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from fleet.errors import FleetError
from fleet.sessions import Connection
from fleet.statements import statement
from search.service import SearchService
from search.standby_watch import SERVING, StandbyView

#: Counting is a full scan for the database: an answer is good for so long, seconds.
_FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """One look at everything."""

    #: ``ok``, ``degraded`` or ``down``.
    status: str
    #: What is wrong and what to do; empty when nothing is.
    detail: str
    standbys: list[StandbyView]
    #: Whether each model is loaded; empty when no database answers.
    models: dict[str, bool] = field(default_factory=dict)
    pictures: int | None = None
    embedded: int | None = None


class HealthCheck:
    """Looks at most every few seconds, however many ask."""

    def __init__(self, service: SearchService) -> None:
        """Look through a service's sessions."""
        self._service = service
        self._lock = threading.Lock()
        self._found: Health | None = None
        self._found_at = 0.0

    def health(self) -> Health:
        """Return how things are."""
        with self._lock:
            if self._found is None or time.monotonic() - self._found_at > _FRESH_SECONDS or self._found.status != "ok":
                self._found = self._look()
                self._found_at = time.monotonic()
            return self._found

    def _look(self) -> Health:
        standbys = self._service.watch.views()
        try:
            (names, pictures, embedded), _ = self._service.run(_read)
        except FleetError as error:
            return Health("down", str(error), standbys)
        settings = self._service.settings
        models = {name: name.upper() in names for name in (settings.text_model, settings.image_model)}
        missing = [name for name, loaded in models.items() if not loaded]
        detail = ""
        if missing:
            detail = f"model {missing[0]} is missing; load it: adgfleet load model FILE --name {missing[0]}"
        elif not embedded:
            detail = "no picture has an embedding yet; run: adgfleet produce --follow"
        gone = [view for view in standbys if view.state not in {SERVING, "UNKNOWN"}]
        if gone and not detail:
            detail = f"{gone[0].name} is {gone[0].state}: {gone[0].reason}"
        status = "down" if missing else "degraded" if gone else "ok"
        return Health(status, detail, standbys, models, pictures, embedded)


def _read(connection: Connection) -> tuple[set[str], int, int]:
    with connection.cursor() as cursor:
        cursor.execute(statement("model_names"))
        names = {name for owner, model in cursor.fetchall() for name in (str(model), f"{owner}.{model}")}
        cursor.execute(statement("search_counts"))
        pictures, embedded = cursor.fetchone()
    return names, int(pictures), int(embedded)
