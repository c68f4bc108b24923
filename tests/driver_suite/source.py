"""The driver's source distribution: fetched by pip, checked against the lock file, unpacked below ``state/``."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Where all of it is kept; never committed.
HOME = ROOT / "state" / "driver-suite"
_LOCK = ROOT / "requirements.lock"
_REQUIREMENT = re.compile(r"^oracledb==(?P<version>[\w.]+)(?P<hashes>(?:\s+\\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.M)
#: What the suite asks for and this environment has already; tox is how the driver's authors run it.
_PRESENT = frozenset({"pytest", "tox"})
_PIP_SECONDS = 600


class SuiteError(Exception):
    """The suite cannot be fetched or run; the text says why."""


def locked_version() -> tuple[str, frozenset[str]]:
    """Return the driver's version in the lock file, and the SHA-256 sums it allows."""
    match = _REQUIREMENT.search(_LOCK.read_text(encoding="utf-8"))
    if match is None:
        raise SuiteError(f"{_LOCK.name} has no oracledb with hashes")
    return match["version"], frozenset(re.findall(r"sha256:([0-9a-f]{64})", match["hashes"]))


def fetch_suite(progress: Callable[[str], None]) -> Path:
    """Make sure that the suite is there, and what it needs; return its folder.

    Raises:
        SuiteError: pip failed, or the archive is not the locked one.
    """
    version, sums = locked_version()
    HOME.mkdir(parents=True, exist_ok=True)
    archive = HOME / f"oracledb-{version}.tar.gz"
    if not archive.exists():
        progress(f"fetching the source distribution of oracledb {version} (pip prepares its metadata: a minute or two)")
        _pip("download", "--no-binary", "oracledb", "--no-deps", "--dest", str(HOME), f"oracledb=={version}")
    if hashlib.sha256(archive.read_bytes()).hexdigest() not in sums:
        raise SuiteError(f"{archive.name} is not the archive of {_LOCK.name}; delete it and try again")
    source = HOME / f"oracledb-{version}"
    if not source.exists():
        with tarfile.open(archive) as packed:
            packed.extractall(HOME, filter="data")
    _install_needs(source, progress)
    return source / "tests"


def packages_directory() -> Path:
    """Return where the packages are that only the suite needs."""
    return HOME / "packages"


def _install_needs(source: Path, progress: Callable[[str], None]) -> None:
    """Install what the suite's own ``test`` extra lists, apart from this project's environment."""
    marker = packages_directory() / ".complete"
    if marker.exists():
        return
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [name for name in project["project"]["optional-dependencies"]["test"] if name not in _PRESENT]
    progress(f"installing what the suite needs below state/: {', '.join(wanted)}")
    _pip("install", "--target", str(packages_directory()), "--upgrade", *wanted)
    marker.touch()


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_PIP_SECONDS,
        check=False,
        env={**os.environ, "PIP_NO_INPUT": "1"},
    )
    if done.returncode:
        raise SuiteError(f"pip {arguments[0]} failed:\n{done.stderr[-2000:]}")
