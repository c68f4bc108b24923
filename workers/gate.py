"""The gate between queue and worker: a step of Celery's consumer that follows the guard's verdict.

Four times a second, in Celery's own event loop, it stops or starts consuming and sets how many ranges may be in work.
Being closed outlives a lost connection to Redis, because Celery keeps which queues it consumes from.
Source: measured with celery 5.7.0 and its threads pool.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery import bootsteps
from celery.worker.consumer.tasks import Tasks

from workers.guard import Guard

log = logging.getLogger("adgfleet.worker")

_TICK_SECONDS = 0.25


class Gate:
    """Whether the worker consumes now."""

    def __init__(self, guard: Guard, queues: list[str]) -> None:
        """Begin closed.

        Args:
            guard: Decides.
            queues: What to consume from while open.
        """
        self._guard = guard
        self._queues = queues
        self.is_open = False
        #: Set while nothing is consumed.
        self.closed = threading.Event()

    def step(self) -> type[bootsteps.StartStopStep]:
        """Return the bootstep for ``app.steps["consumer"]``."""
        gate = self

        class GateStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery ships no types
            requires = (Tasks,)

            def __init__(self, consumer: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's consumer
                self._timer: Any = None
                super().__init__(consumer, **kwargs)

            def start(self, consumer: Any) -> None:  # noqa: ANN401
                """Set a new connection's consumer right before it takes anything."""
                gate.follow(consumer, is_new=True)
                self._timer = consumer.timer.call_repeatedly(_TICK_SECONDS, gate.follow, (consumer,))

            def stop(self, consumer: Any) -> None:  # noqa: ANN401
                if self._timer is not None:
                    consumer.timer.cancel(self._timer)
                    self._timer = None

        return GateStep

    def follow(self, consumer: Any, *, is_new: bool = False) -> None:  # noqa: ANN401
        """Do what the guard says; runs in the event loop's thread."""
        # Celery asks this before it takes a message (worker_disable_prefetch); its autoscaler sets it the same way.
        consumer.controller.max_concurrency = self._guard.sessions
        is_open = self._guard.verdict().is_open
        if is_open == self.is_open and not is_new:
            return
        self.is_open = is_open
        for queue in self._queues:
            if is_open:
                consumer.add_task_queue(queue)
            else:
                consumer.cancel_task_queue(queue)
        if is_open:
            self.closed.clear()
        else:
            self.closed.set()
