"""Command `metrics`."""

from __future__ import annotations

import sys
import threading

import click
from prometheus_client import CollectorRegistry, generate_latest

from exporter.families import FleetCollector
from exporter.observer import Observer
from exporter.server import MetricsServer, metrics_application
from fleet.addresses import in_url, is_loopback
from fleet.console import pass_settings, say
from fleet.errors import ConfigurationError
from fleet.logs import log_to_stderr
from fleet.settings import Settings
from fleet.stop_signals import stopped_by_signals


@click.command()
@click.option("--host", help="Where to listen; default: METRICS_ADDRESS.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Default: METRICS_PORT; 0: any free one.")
@click.option("--once", is_flag=True, help="Print the metrics once, in Prometheus's text format, and end.")
@pass_settings
def metrics(settings: Settings, host: str | None, port: int | None, once: bool) -> None:
    """Serve the fleet's metrics to Prometheus until stopped.

    The primary is asked for its CPU time only; tables are counted on a standby. Example: adgfleet metrics --port 9816
    """
    log_to_stderr(settings)
    observer = Observer(settings)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FleetCollector(observer))
    if once:
        with observer:
            observer.wait_for_first_look()
            sys.stdout.write(generate_latest(registry).decode())
        return
    address = host or settings.metrics_address
    password = settings.metrics_password
    if password is None and not is_loopback(address):
        raise ConfigurationError(
            f"whoever reaches {address} could read the metrics; set METRICS_PASSWORD_FILE=path or METRICS_PASSWORD"
        )
    application = metrics_application(registry, address=address, user=settings.metrics_user, password=password)
    with MetricsServer(address, settings.metrics_port if port is None else port, application) as server, observer:
        # It waits until the server has ended, which whoever hears signals must not.
        stop = threading.Thread(target=server.shutdown, daemon=True).start
        with stopped_by_signals(stop):
            say(f"metrics: http://{in_url(address)}:{server.server_port}/metrics ready.")
            server.serve_forever()


commands: list[click.Command] = [metrics]
