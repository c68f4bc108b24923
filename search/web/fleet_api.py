"""Routes of the fleet page: the fleet at this moment, and a stream of it. Nothing here changes anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import cast

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from search.fleet_watch import FleetLook, FleetWatch
from search.web.fleet_schemas import FleetView, HistoryView, fleet_view, points
from search.web.pages import NO_CACHE, STATIC
from search.web.schemas import ProblemView

router = APIRouter(tags=["fleet"])

_EVENT_SECONDS = 1.0
_POLL_SECONDS = 0.1
#: The first look may take so long, seconds.
_FIRST_LOOK_SECONDS = 8.0
#: Pages that are kept up to date at once.
MOST_STREAMS = 100
#: A browser that has lost the stream comes back after so long, milliseconds.
_RETRY_MILLISECONDS = 2000


def _watch(request: Request) -> FleetWatch:
    return cast("FleetWatch", request.app.state.fleet)


@router.get("/fleet", include_in_schema=False)
def fleet_page() -> FileResponse:
    """Return the fleet page."""
    return FileResponse(STATIC / "fleet.html", headers=NO_CACHE)


@router.get("/api/fleet", responses={503: {"model": ProblemView, "description": "The fleet has not been seen yet."}})
async def fleet(request: Request) -> FleetView:
    """Tell how every database, the queue and the pictures are."""
    watch = _watch(request)
    look = await _first_look(watch)
    if look is None:
        raise HTTPException(503, "the fleet has not been seen yet; ask again", {"Retry-After": "1"})
    return fleet_view(look, watch.samples())


@router.get("/api/fleet/history")
def history(request: Request) -> HistoryView:
    """Tell the load and the rate of every database over the last ten minutes."""
    return HistoryView(points=points(_watch(request).samples()))


@router.get("/api/fleet/events", include_in_schema=False)
async def events(request: Request) -> StreamingResponse:
    """Stream the fleet, as long as the page is open: `fleet` events with what `/api/fleet` says, one a second."""
    streams: FleetStreams = request.app.state.fleet_streams
    if not streams.enter():
        raise HTTPException(503, f"{MOST_STREAMS} pages watch the fleet already", {"Retry-After": "10"})
    return _Stream(streams, request.app.state.is_ending)


class FleetStreams:
    """The pages that are kept up to date, and what all of them are sent."""

    def __init__(self, watch: FleetWatch) -> None:
        """Nobody looks yet."""
        self.watch = watch
        self._open = 0
        self._sent: tuple[FleetLook, str] | None = None

    def enter(self) -> bool:
        """Take a place, to be given up with ``leave``; False: there is none."""
        if self._open >= MOST_STREAMS:
            return False
        self._open += 1
        return True

    def leave(self) -> None:
        """Give a place up."""
        self._open -= 1

    def event(self) -> str | None:
        """Return the event of the latest look, written once for all; None: there is no fresh look."""
        look = self.watch.look()
        if look is None:
            return None
        if self._sent is None or self._sent[0] is not look:
            view = fleet_view(look, self.watch.samples())
            self._sent = (look, f"event: fleet\ndata: {view.model_dump_json()}\n\n")
        return self._sent[1]


class _Stream(StreamingResponse):
    """A stream that has a place; it is given up also when the page has gone before the first byte was sent."""

    def __init__(self, streams: FleetStreams, is_ending: Callable[[], bool]) -> None:
        super().__init__(_events(streams, is_ending), media_type="text/event-stream")
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.leave()


async def _events(streams: FleetStreams, is_ending: Callable[[], bool]) -> AsyncIterator[str]:
    yield f"retry: {_RETRY_MILLISECONDS}\n\n"
    await _first_look(streams.watch)
    past = HistoryView(points=points(streams.watch.samples()))
    yield f"event: history\ndata: {past.model_dump_json()}\n\n"
    while not is_ending():
        if event := streams.event():
            yield event
        await asyncio.sleep(_EVENT_SECONDS)


async def _first_look(watch: FleetWatch) -> FleetLook | None:
    end = time.monotonic() + _FIRST_LOOK_SECONDS
    while (look := watch.look()) is None and time.monotonic() < end:  # noqa: ASYNC110 - a thread looks, without a loop
        await asyncio.sleep(_POLL_SECONDS)
    return look
