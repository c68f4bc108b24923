"""Command `serve`: the search page and its API."""

from __future__ import annotations

import importlib
import signal
import sys
from typing import Any

import click

from fleet.addresses import in_url, is_loopback
from fleet.console import pass_settings, say
from fleet.errors import ConfigurationError
from fleet.logs import log_to_stderr
from fleet.settings import Settings

#: A connection that asks for nothing is closed after so long, seconds.
_IDLE_SECONDS = 15
#: Requests in work when the server is told to end may take so long, seconds.
_GRACE_SECONDS = 5
#: More requests at once than this are refused with status 503.
_MOST_REQUESTS = 500
#: A thread may keep the interpreter for so long while others wait for it, seconds.
_SWITCH_SECONDS = 0.0005


@click.command()
@click.option("--host", help="Where to listen; default: SEARCH_ADDRESS.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Default: SEARCH_PORT; 0: any free one.")
@pass_settings
def serve(settings: Settings, host: str | None, port: int | None) -> None:
    """Serve the search page and its HTTP API until stopped; it has no logon, so it listens on loopback.

    Example: adgfleet serve --port 8080
    """
    log_to_stderr(settings)
    try:
        uvicorn: Any = importlib.import_module("uvicorn")
        application = importlib.import_module("search.web.app")
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] in {"search", "fleet"}:
            raise
        raise ConfigurationError(
            f"serve needs {error.name}, which is not installed; run in its checkout: pip install '.[web]'"
        ) from None
    address = host or settings.search_address
    if not is_loopback(address):
        say(f"the search page has no logon: whoever reaches {address} can see every picture")
        if not settings.search_hosts:
            say("browsers must call it localhost or by that address; set SEARCH_HOSTS to the names that others use")
    app = application.create_app(settings, address=address)
    config = uvicorn.Config(
        app,
        host=address,
        port=settings.search_port if port is None else port,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_REQUESTS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    try:
        listener = config.bind_socket()
    except SystemExit:  # its way to say that the address is taken; the log has why
        raise ConfigurationError(
            f"the search page cannot listen on {address}:{config.port}; take another port, or any free one: --port 0"
        ) from None
    with listener:
        listener.listen()  # whoever connects from now on is answered as soon as the server runs
        bound = listener.getsockname()[1]
        say(f"search page: http://{in_url(address)}:{bound}/ ready.")
        # Threads that wait for the interpreter get it sooner: the default, 5 ms, is longer than a search's own work.
        sys.setswitchinterval(_SWITCH_SECONDS)
        server = uvicorn.Server(config)
        app.state.is_ending = lambda: server.should_exit

        def stop(_number: int, _frame: object) -> None:
            server.should_exit = True

        # The server raises a signal again when it has ended in order; a supervisor shall see status 0 then.
        signal.signal(signal.SIGTERM, stop)
        server.run(sockets=[listener])
