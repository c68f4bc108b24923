"""Fixtures that every folder of tests may ask for."""

from __future__ import annotations

from tests.fix_browser import browser, chromium
from tests.fix_emulator import cluster, connection, installed, owner, primary, stack_settings
from tests.fix_redis import redis_server
from tests.fix_search import collection, search_page
from tests.fix_worker import start_worker_process

__all__ = [
    "browser",
    "chromium",
    "cluster",
    "collection",
    "connection",
    "installed",
    "owner",
    "primary",
    "redis_server",
    "search_page",
    "stack_settings",
    "start_worker_process",
]
