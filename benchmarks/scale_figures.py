"""What a simulated fleet asks of the queue, the primary, the standbys and the purse."""

from __future__ import annotations

from typing import Any

from benchmarks.scale_simulation import Simulated
from producer.range_size import MOST_RANGES

#: Redis memory of a message that waits, and of a range's record, which is kept for a week after its run. Measured with
#: Redis 6.2.14: 10,000 of each.
MESSAGE_BYTES = 1280
RECORD_BYTES = 190
#: Redis commands by which a range is reported. Counted: 130,000 for 10,000 ranges.
REPORT_COMMANDS = 13
#: Time of the producer to enqueue one range, and to have one picture planned. Measured under load: 12 s for 10,000
#: ranges, 34 s for 100,000 pictures by an emulated standby; Oracle's own time is unverified.
ENQUEUE_MS = 1.2
PLANNING_MS = 0.34
#: A session's own copy of the model. Source: size of the picture model in the seed.
MODEL_BYTES = 306_374_876


def scale_figures(found: Simulated, *, price_per_core_hour: float | None = None) -> dict[str, Any]:
    """Return a row of figures; ``_per_second`` are means over the whole run.

    Args:
        found: The run.
        price_per_core_hour: In whatever currency; None: no cost is given.
    """
    model, seconds = found.model, found.seconds
    core_hours = model.all_sessions * seconds / 3600
    statements = found.batches if model.is_bulk else found.pictures
    figures = {
        "standbys": model.standbys,
        "sessions": model.all_sessions,
        "pictures": found.pictures,
        "hours": round(seconds / 3600, 3),
        "pictures_per_second": round(found.pictures_per_second, 3),
        "efficiency": round(found.efficiency, 4),
        "messages": found.ranges,
        "messages_per_second": round(found.ranges / seconds, 3),
        "report_commands_per_second": round(REPORT_COMMANDS * found.ranges / seconds, 1),
        "redis_waiting_mb": round(min(found.ranges, MOST_RANGES) * MESSAGE_BYTES / 1e6, 1),
        "redis_records_mb": round(found.ranges * RECORD_BYTES / 1e6, 1),
        "enqueue_seconds": round(found.ranges * ENQUEUE_MS / 1000, 1),
        "planning_seconds": round(found.pictures * PLANNING_MS / 1000, 1),
        "commits_per_second": round(found.batches / seconds, 3),
        "redirected_statements_per_second": round(statements / seconds, 3),
        "redo_mb_per_second": round(found.pictures * model.redo_bytes_per_picture / 1e6 / seconds, 3),
        "redo_gb": round(found.pictures * model.redo_bytes_per_picture / 1e9, 3),
        "queue_share": round(found.queue_share, 4),
        "primary_share": round(found.primary_share, 4),
        "apply_share": round(found.apply_share, 4),
        "mean_write_seconds": round(found.write_seconds / max(found.batches, 1), 4),
        "longest_write_seconds": round(found.longest_write_seconds, 3),
        "model_gb_per_standby": round(model.sessions * MODEL_BYTES / 1e9, 2),
        "core_hours": round(core_hours, 1),
    }
    if price_per_core_hour is not None:
        figures["cost"] = round(core_hours * price_per_core_hour, 2)
    return figures
