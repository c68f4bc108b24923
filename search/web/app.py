"""The one place where the web application is put together: its routes, its errors, its headers."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from fleet.errors import DatabaseError, FleetError, InputError
from fleet.settings import Settings
from search.errors import UnknownPictureError
from search.fleet_watch import FleetWatch
from search.health import HealthCheck
from search.service import SearchService
from search.web import api, fleet_api, pages
from search.web.security import CrossSiteGuard, SecurityHeaders, trusted_hosts

log = logging.getLogger("adgfleet.search")
#: After a search that no standby answered, try again after so long, seconds.
_RETRY_SECONDS = 3
_SPARE_THREADS = 16
_DESCRIPTION = "Finds pictures by what they show. The work is done inside the standbys; nothing is ever written."


def create_app(settings: Settings, *, address: str | None = None) -> FastAPI:
    """Make the application; its service opens sessions when it starts and closes them when it ends.

    Args:
        settings: STANDBYS, the models, SEARCH_….
        address: Where it is going to listen; None: SEARCH_ADDRESS.

    Raises:
        ConfigurationError: STANDBYS, DB_USER or DB_PASSWORD is missing.
    """
    service = SearchService(settings)
    fleet = FleetWatch(service)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        sessions = settings.search_sessions * len(settings.require("standbys"))
        anyio.to_thread.current_default_thread_limiter().total_tokens = sessions + _SPARE_THREADS
        service.watch.start()
        fleet.start()
        yield
        fleet.stop()
        service.close()

    app = FastAPI(
        title="adgfleet search",
        description=_DESCRIPTION,
        version="1",
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from other hosts; ours is `pages`
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.service = service
    app.state.health = HealthCheck(service)
    app.state.fleet = fleet
    app.state.fleet_streams = fleet_api.FleetStreams(fleet)
    #: Whether the server is about to end; streams ask, because it waits for them.
    app.state.is_ending = lambda: False
    app.include_router(api.router)
    app.include_router(fleet_api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=pages.STATIC), name="static")
    # What is added last comes first: what is refused has the headers, too.
    app.add_middleware(CrossSiteGuard)
    hosts = trusted_hosts(address or settings.search_address, settings.search_hosts)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    app.add_middleware(SecurityHeaders)
    _add_error_handlers(app)
    return app


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "the request"
        return problem(422, f"{where}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(FleetError)
    async def failed(_request: Request, error: FleetError) -> JSONResponse:
        if isinstance(error, UnknownPictureError):
            return problem(404, str(error))
        if isinstance(error, InputError):
            return problem(422, str(error))
        if not isinstance(error, DatabaseError):
            log.warning("%s", error)
        return problem(503, str(error), {"Retry-After": str(_RETRY_SECONDS)})


def problem(status: int, detail: str, headers: object = None) -> JSONResponse:
    """Say why there is no answer, as every error of the API does."""
    return JSONResponse({"detail": detail}, status, headers=dict(headers) if headers else None)  # type: ignore[call-overload]
