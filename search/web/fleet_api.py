"""Routes of the fleet page: the fleet at this moment, and a stream of it. Nothing here changes anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import cast

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, StreamingResponse

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
    if request.app.state.fleet_streams >= MOST_STREAMS:
        raise HTTPException(503, f"{MOST_STREAMS} pages watch the fleet already", {"Retry-After": "10"})
    return StreamingResponse(_stream(request), media_type="text/event-stream")


async def _stream(request: Request) -> AsyncIterator[str]:
    state, watch = request.app.state, _watch(request)
    state.fleet_streams += 1
    try:
        yield f"retry: {_RETRY_MILLISECONDS}\n\n"
        await _first_look(watch)
        past = HistoryView(points=points(watch.samples()))
        yield f"event: history\ndata: {past.model_dump_json()}\n\n"
        while not state.is_ending():
            look = watch.look()
            if look is not None:
                yield f"event: fleet\ndata: {fleet_view(look, watch.samples()).model_dump_json()}\n\n"
            await asyncio.sleep(_EVENT_SECONDS)
    finally:
        state.fleet_streams -= 1


async def _first_look(watch: FleetWatch) -> FleetLook | None:
    end = time.monotonic() + _FIRST_LOOK_SECONDS
    while (look := watch.look()) is None and time.monotonic() < end:  # noqa: ASYNC110 - a thread looks, without a loop
        await asyncio.sleep(_POLL_SECONDS)
    return look
