"""The API's routes: parameters checked, work handed to the service, which waits for databases in threads."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Annotated, Any, cast

from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from search.health import HealthCheck
from search.pictures import UNKNOWN_TYPE, content_type, prepare_upload
from search.queries import LONGEST_TEXT_BYTES
from search.service import DEEPEST_HIT, Page, SearchResult, SearchService
from search.web.schemas import DatabaseView, HealthView, HintsView, ProblemView, SearchView, search_view
from search.web.security import PICTURE_POLICY

router = APIRouter(prefix="/api", tags=["search"])

#: Oracle's NUMBER holds 38 digits exactly.
_LARGEST_ID = 10**38 - 1
#: Hits of one page at most.
MOST_HITS = 100
#: An upload must be complete after so long, seconds.
_UPLOAD_SECONDS = 30.0
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    422: {"model": ProblemView, "description": "A parameter is wrong; `detail` says which and why."},
    503: {"model": ProblemView, "description": "No standby answers, or a model is missing."},
}
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": ProblemView, "description": "There is no such picture."}}

Hits = Annotated[int, Query(ge=1, le=MOST_HITS, description="Hits of a page at most.")]
Offset = Annotated[int, Query(ge=0, le=DEEPEST_HIT, description="Hits to skip; hits + offset is at most 1000.")]
Approximate = Annotated[bool, Query(description="By the vector index, with SEARCH_ACCURACY; faster, may miss some.")]
PictureId = Annotated[int, Path(ge=-_LARGEST_ID, le=_LARGEST_ID, description="The picture's id.")]


def _service(request: Request) -> SearchService:
    return cast("SearchService", request.app.state.service)


async def _answer(search: Callable[[], SearchResult], page: Page) -> Response:
    """Search in a thread and write the answer there, too: each change of threads costs a search more than its JSON."""

    def work() -> Response:
        result = search()
        view = search_view(result, offset=page.offset, approximate=page.approximate)
        timing = {"Server-Timing": f"sql;dur={1000 * result.sql_seconds:.2f}"}
        return Response(view.model_dump_json(), media_type="application/json", headers=timing)

    return await run_in_threadpool(work)


@router.get("/search", response_model=SearchView, responses=_PROBLEMS)
async def search_by_text(
    request: Request,
    q: Annotated[str, Query(max_length=LONGEST_TEXT_BYTES, description="What the pictures should show.")],
    hits: Hits = 20,
    offset: Offset = 0,
    approximate: Approximate = False,
) -> Response:
    """Find pictures by a text."""
    page = Page(hits, offset, approximate)
    return await _answer(lambda: _service(request).by_text(q, page), page)


@router.get("/search/like/{picture_id}", response_model=SearchView, responses={**_PROBLEMS, **_NOT_FOUND})
async def search_like(
    request: Request,
    picture_id: PictureId,
    hits: Hits = 20,
    offset: Offset = 0,
    approximate: Approximate = False,
) -> Response:
    """Find pictures like one of the collection, by its stored vector; itself is left out."""
    page = Page(hits, offset, approximate)
    return await _answer(lambda: _service(request).like(picture_id, page), page)


@router.post(
    "/search/image",
    response_model=SearchView,
    responses={
        **_PROBLEMS,
        408: {"model": ProblemView, "description": "The upload took too long."},
        413: {"model": ProblemView, "description": "The upload is larger than SEARCH_UPLOAD_LIMIT."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The picture's bytes, as they are in its file.",
            "content": {UNKNOWN_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def search_by_picture(
    request: Request,
    hits: Hits = 20,
    offset: Offset = 0,
    approximate: Approximate = False,
) -> Response:
    """Find pictures that look like an uploaded one; it is embedded on the standby and kept nowhere."""
    page = Page(hits, offset, approximate)
    service = _service(request)
    data = await _read_upload(request, service.settings.search_upload_limit)
    return await _answer(lambda: service.by_picture(prepare_upload(data), page), page)


async def _read_upload(request: Request, most_bytes: int) -> bytes:
    """Read an upload; one that says it is too large is refused before a byte of it is read."""
    too_large = HTTPException(
        413, f"the picture is larger than {most_bytes / 1e6:.0f} MB; make it smaller", {"Connection": "close"}
    )
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most_bytes:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise HTTPException(408, f"the upload took longer than {_UPLOAD_SECONDS:.0f} s") from None
    return b"".join(parts)


@router.get(
    "/pictures/{picture_id}",
    response_class=Response,
    responses={
        200: {"content": {"image/*": {}, UNKNOWN_TYPE: {}}, "description": "The bytes, with the type that they have."},
        304: {"description": "The client has it already."},
        **_PROBLEMS,
        **_NOT_FOUND,
    },
)
def picture(
    request: Request,
    picture_id: PictureId,
    if_none_match: Annotated[str | None, Header(description="ETag that the client has.")] = None,
) -> Response:
    """Return a picture's bytes. What is no picture is a download, whatever it is."""
    data = _service(request).picture(picture_id)
    if data is None:
        raise HTTPException(404, f"there is no picture {picture_id}")
    kind = content_type(data)
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, max-age=300",
        "Content-Security-Policy": PICTURE_POLICY,
    }
    if kind == UNKNOWN_TYPE:
        headers["Content-Disposition"] = f'attachment; filename="picture-{picture_id}.bin"'
    if etag in (if_none_match or ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)


@router.get("/health", responses={503: {"model": HealthView, "description": "Nothing can be searched."}})
def health(request: Request, response: Response) -> HealthView:
    """Tell whether standbys and models are ready."""
    found = cast("HealthCheck", request.app.state.health).health()
    if found.status == "down":
        response.status_code = 503
    return HealthView(
        status=found.status,
        detail=found.detail,
        databases=[
            DatabaseView(
                name=view.name,
                state=view.state,
                apply_lag_seconds=view.apply_lag_seconds,
                reason=view.reason,
                source=view.source,
            )
            for view in found.standbys
        ],
        models=found.models,
        pictures=found.pictures,
        embedded=found.embedded,
    )


@router.get("/hints")
def hints(request: Request) -> HintsView:
    """Tell the page what to offer and what to refuse."""
    settings = _service(request).settings
    return HintsView(
        examples=list(settings.search_examples),
        upload_limit_bytes=settings.search_upload_limit,
        flower_address=settings.flower_address,
        flower_port=settings.flower_port,
    )
