"""A headless Chromium for tests of the pages; screenshots go below test-output/."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

SCREENSHOTS = Path(__file__).parents[1] / "test-output" / "screenshots"
WIDE = (1280, 900)
PHONE = (390, 800)
_PACKAGES = ("chromium", "chromium-driver")
_INSTALL_SECONDS = 600
_INSTALL_LOCK = Path(tempfile.gettempdir()) / "adgfleet-install-chromium.lock"


def find_browser() -> tuple[str, str] | None:
    """Return the paths of Chromium and its driver; Debian's are installed where they are missing and can be."""
    if _programs() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with _INSTALL_LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes; the second finds it installed
            _install()
    return _programs()


def _install() -> None:
    if _programs() is None:
        for words in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *_PACKAGES]):
            subprocess.run(
                ["apt-get", *words],
                check=False,
                capture_output=True,
                timeout=_INSTALL_SECONDS,
                stdin=subprocess.DEVNULL,
            )


def _programs() -> tuple[str, str] | None:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium: apt-get install chromium chromium-driver (as root `make browser` does it)")
    options = Options()
    options.binary_location = found[0]
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(found[1]))
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> webdriver.Chrome:
    """The browser, wide and light; nothing on its console is an error when the test ends."""
    look(chromium, WIDE)
    chromium.get("about:blank")
    for kind in ("browser", "performance"):
        chromium.get_log(kind)
    return chromium


def look(driver: webdriver.Chrome, size: tuple[int, int], *, dark: bool = False, still: bool = True) -> None:
    """Set the window's size and what the system prefers."""
    metrics: dict[str, Any] = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = {
        "prefers-color-scheme": "dark" if dark else "light",
        "prefers-reduced-motion": "reduce" if still else "no-preference",
    }
    media = {"features": [{"name": name, "value": value} for name, value in features.items()]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def screenshot(driver: webdriver.Chrome, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))
