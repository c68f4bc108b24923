"""Celery workers, each pinned to one standby."""
