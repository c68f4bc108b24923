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


def create_app(settings: Settings) -> Celery:
    """Build the application from the settings; connects to nothing yet."""
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
        # Nothing waits inside a worker while another one is idle.
        worker_prefetch_multiplier=1,
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
        broker_transport_options={
            "visibility_timeout": settings.visibility_timeout,
            # With the defaults an expired message waits up to 100 s for the sweep (measured).
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_keepalive": True,
        },
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app
