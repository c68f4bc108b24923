"""A headless Chromium for tests of the pages; screenshots go below test-output/."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_core_python
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

SCREENSHOTS = Path(__file__).parents[1] / "test-output" / "screenshots"
WIDE = (1280, 900)
PHONE = (390, 800)
#: Phones of other widths: nothing may stick out of them.
SMALL_PHONES = ((360, 800), (320, 700))
_WIDEST_PHONE = 480
_PACKAGES = ("chromium", "chromium-driver")
_INSTALL_SECONDS = 600
_INSTALL_LOCK = Path(tempfile.gettempdir()) / "adgfleet-install-chromium.lock"
_AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_WAIT_SECONDS = 30


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
    metrics: dict[str, Any] = {
        "width": size[0],
        "height": size[1],
        "deviceScaleFactor": 1,
        "mobile": size[0] <= _WIDEST_PHONE,
    }
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


def wait(
    browser: webdriver.Chrome, condition: Callable[[webdriver.Chrome], Any], seconds: float = _WAIT_SECONDS
) -> Any:
    return WebDriverWait(browser, seconds, poll_frequency=0.05).until(condition)


def errors_on_console(browser: webdriver.Chrome, *, allowed: tuple[str, ...] = ()) -> list[str]:
    entries = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    return [message for message in entries if not any(text in message for text in allowed)]


def hosts_asked(browser: webdriver.Chrome) -> set[str]:
    hosts = set()
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            parts = urlsplit(message["params"]["request"]["url"])
            if parts.scheme in {"http", "https", "ws", "wss"}:
                hosts.add(parts.netloc)
    return hosts


def problems_of(driver: webdriver.Chrome) -> list[str]:
    """Return what shuts people out of the page as it is now: serious findings of axe, and a page that is too wide."""
    driver.execute_script(_AXE)
    found = driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    serious = [entry for entry in found["violations"] if entry["impact"] in {"serious", "critical"}]
    problems = [f"{entry['id']}: {entry['nodes'][0]['html']}" for entry in serious]
    too_wide = pixels_too_wide(driver)
    return [*problems, f"{too_wide} pixels too wide"] if too_wide > 0 else problems


def pixels_too_wide(driver: webdriver.Chrome) -> int:
    """Return by how much the page scrolls sideways; ``innerWidth`` would grow with it on an emulated phone."""
    root = "document.documentElement"
    return int(driver.execute_script(f"return {root}.scrollWidth - {root}.clientWidth"))
