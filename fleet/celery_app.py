"""The Celery application: queues, routes and the delivery settings, all with the reason why.

Source of the choices: measured with celery 5.7.0, kombu 5.7.0 and Redis 6.2 and 7.0.
"""

from __future__ import annotations

from celery import Celery

from fleet.settings import Settings

#: All workers take from it: a faster standby simply takes more.
SHARED_QUEUE = "embeddings"
TASK_EMBED_RANGE = "embed_range"


def standby_queue(standby: str) -> str:
    """Return the queue of work that only one standby may do."""
    return f"{SHARED_QUEUE}.{standby}"


def unacked_key(standby: str) -> str:
    """Return the hash of messages that a standby's worker has taken and not yet acknowledged: tag to message."""
    return f"adgfleet:unacked:{standby}"


def unacked_index_key(standby: str) -> str:
    """Return the sorted set that belongs to ``unacked_key``: tag by the time of taking."""
    return f"adgfleet:unacked_index:{standby}"


def create_app(settings: Settings, *, standby: str | None = None) -> Celery:
    """Build the application from the settings; connects to nothing yet.

    Args:
        settings: Where Redis is.
        standby: For a worker: what it has taken is kept under its standby's name, so that it can be handed out again
            as soon as the worker is known to be dead, and not before. None: for others, which take nothing.
    """
    transport: dict[str, object] = {"visibility_timeout": settings.visibility_timeout, "socket_keepalive": True}
    if standby is not None:
        transport["unacked_key"] = unacked_key(standby)
        transport["unacked_index_key"] = unacked_index_key(standby)
        transport["unacked_mutex_key"] = f"adgfleet:unacked_mutex:{standby}"
    app = Celery("adgfleet", broker=settings.broker_url, set_as_current=False)
    app.conf.update(
        # JSON only: a message must never be able to carry code.
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_default_queue=SHARED_QUEUE,
        # A range is acknowledged when it is done, so a dead worker's range is handed out again.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # Nothing waits inside a worker while another one is idle: a message is taken only when a session is free, and
        # how many sessions there are can be changed while the worker runs.
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_enable_prefetch_count_reduction=False,
        # True loses running tasks when Redis goes away (measured).
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # The truth is in the tables; results in Redis would only make its loss harmful.
        task_ignore_result=True,
        task_track_started=False,
        # Flower lives on events; the producer's own would cost a third of its publishing time (measured).
        worker_send_task_events=True,
        task_send_sent_event=False,
        # Outlive any outage of Redis.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=transport,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app
