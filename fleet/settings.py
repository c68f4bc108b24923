# ruff: noqa: RUF009 - _setting() is dataclasses.field() with the table's columns
"""Every setting of the fleet: one table with name, default, unit and help; read from the environment and ``.env``.

The only module that reads the environment. A secret may come from a file named by ``<NAME>_FILE`` and never appears in
``repr``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from dotenv.parser import parse_stream

from fleet.errors import ConfigurationError

#: A name that goes into SQL text unquoted: models cannot be bound. Source: Oracle's rule for nonquoted identifiers.
_SQL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]{0,127}")
_QUALIFIED_SQL_NAME = re.compile(rf"({_SQL_NAME.pattern}\.)?{_SQL_NAME.pattern}")
#: What a browser calls a server, or ``*.`` and the domain that such names end with.
_HOST_NAME = re.compile(r"\*|(\*\.)?[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]")
_STANDBY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,29}")


def _text(name: str, value: str) -> str:
    if not value.strip():
        raise ConfigurationError(f"{name} is empty")
    return value.strip()


def _positive(name: str, value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ConfigurationError(f"{name} must be a whole number of at least 1, not {value!r}")
    return number


def _seconds(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigurationError(f"{name} must be a number of seconds above 0, not {value!r}")
    return number


def _port(name: str, value: str) -> int:
    number = _positive(name, value)
    if number > 65_535:
        raise ConfigurationError(f"{name} must be a TCP port from 1 to 65535, not {value!r}")
    return number


def _bounded(name: str, value: str, least: float, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise ConfigurationError(f"{name} must be a number from {least:g} to {most:g}, not {value!r}")
    return number


def _texts(_name: str, value: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in value.split(";"))))


def _host_names(name: str, value: str) -> tuple[str, ...]:
    names = tuple(filter(None, (part.strip() for part in value.split(","))))
    for each in names:
        if not _HOST_NAME.fullmatch(each):
            raise ConfigurationError(
                f'{name} must be names without scheme and port, like "photos.example.com,10.1.2.3"; {each!r} is none'
            )
    return names


def _percent(name: str, value: str) -> int:
    number = _positive(name, value)
    if number > 100:
        raise ConfigurationError(f"{name} must be a whole number of percent from 1 to 100, not {value!r}")
    return number


def _gap(name: str, value: str) -> float:
    return _bounded(name, value, 0, 2)


def _yes_or_no(name: str, value: str) -> bool:
    answers = {"YES": True, "NO": False}
    if value.upper() not in answers:
        raise ConfigurationError(f"{name} must be YES or NO, not {value!r}")
    return answers[value.upper()]


def _qualified_sql_name(name: str, value: str) -> str:
    if not _QUALIFIED_SQL_NAME.fullmatch(value):
        raise ConfigurationError(
            f"{name} must be an unquoted Oracle name such as cliptxt or adgvec.cliptxt, not {value!r}"
        )
    return value


def _insert_mode(name: str, value: str) -> str:
    mode = value.upper()
    if mode not in {"AUTO", "BULK", "ROW"}:
        raise ConfigurationError(f"{name} must be AUTO, BULK or ROW, not {value!r}")
    return mode


def _log_format(name: str, value: str) -> str:
    chosen = value.upper()
    if chosen not in {"PLAIN", "JSON"}:
        raise ConfigurationError(f"{name} must be PLAIN or JSON, not {value!r}")
    return chosen


def _redis_url(name: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number, or a bracket is open
        is_usable = False
    if not is_usable:
        raise ConfigurationError(f"{name} must look like redis://host:6379/0")
    return value


def _standbys(name: str, value: str) -> dict[str, str]:
    standbys: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in value.split(","))):
        standby, separator, dsn = (part.strip() for part in item.partition("="))
        if not separator or not dsn or not _STANDBY_NAME.fullmatch(standby):
            raise ConfigurationError(f'{name} must look like "sby1=host:1521/mypdb_ro,sby2=…"; {item!r} does not')
        if standby in standbys:
            raise ConfigurationError(f"{name} names {standby} twice")
        standbys[standby] = dsn
    if not standbys:
        raise ConfigurationError(f'{name} is empty; write "sby1=host:1521/mypdb_ro,sby2=…"')
    return standbys


def _setting(
    help_text: str,
    *,
    default: str | None = None,
    unit: str = "",
    parse: Callable[[str, str], Any] = _text,
    secret: bool = False,
    example: str = "",
) -> Any:  # noqa: ANN401 - a dataclass field of whatever type the setting has
    metadata = {
        "help": help_text,
        "default": default,
        "unit": unit,
        "parse": parse,
        "secret": secret,
        "example": example,
    }
    return field(default=None, repr=not secret, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; one that was not given and has no default is None until ``require`` asks for it."""

    db_user: str | None = _setting("Owner of the pictures, or a worker account.", example="adgvec")
    db_password: str | None = _setting("Password of DB_USER.", secret=True)
    db_dsn: str | None = _setting("The primary.", example="primary-host:1521/mypdb_rw")
    dba_user: str = _setting("DBA that `adgfleet db install` creates the user with.", default="system")
    dba_password: str | None = _setting("Password of DBA_USER; needed by `db install` only.", secret=True)
    worker_password: str | None = _setting(
        "Password that `db install --worker-account` gives the account; a worker has it as DB_PASSWORD.", secret=True
    )
    search_password: str | None = _setting(
        "Password that `db install --search-account` gives the account; the search has it as DB_PASSWORD.", secret=True
    )
    standbys: dict[str, str] | None = _setting(
        "The standbys by name, a DSN each; the name is what workers and queues are called.",
        parse=_standbys,
        example="sby1=standby1-host:1521/mypdb_ro,sby2=standby2-host:1521/mypdb_ro",
    )
    oracle_home: str | None = _setting(
        "Oracle client libraries; set: thick mode, unset: thin mode.", example="/opt/oracle/client"
    )
    tns_admin: str | None = _setting(
        "Directory of tnsnames.ora, and of sqlnet.ora in thick mode; a DSN may then be an alias.",
        example="/opt/oracle/network/admin",
    )
    wallet_directory: str | None = _setting(
        "Directory of ewallet.pem for DSNs that begin with tcps:; thick mode has its wallet in sqlnet.ora instead.",
        example="/etc/adgfleet/wallet",
    )
    wallet_password: str | None = _setting("Password of ewallet.pem, if its key has one.", secret=True)
    redis_url: str = _setting("Redis of the queue.", default="redis://127.0.0.1:6379/0", parse=_redis_url, secret=True)
    redis_password: str | None = _setting("Password of Redis, if REDIS_URL has none.", secret=True)
    image_directory: str | None = _setting("What `load pictures` loads when it is given no directory.")
    image_model: str = _setting(
        "Model that embeds pictures, fixed in sql/; with its owner (adgvec.clipimg) if DB_USER is not the owner.",
        default="clipimg",
        parse=_qualified_sql_name,
    )
    text_model: str = _setting(
        "Model that embeds search texts; with its owner (adgvec.cliptxt) if DB_USER is not the owner.",
        default="cliptxt",
        parse=_qualified_sql_name,
    )
    range_seconds: float = _setting(
        "How long a range should take; its pictures follow from the measured rate, 10 to 1000.",
        default="60",
        unit="seconds",
        parse=_seconds,
    )
    range_size: int | None = _setting(
        "Pictures in a range, instead of what RANGE_SECONDS makes of them.", unit="pictures", parse=_positive
    )
    batch_size: int | None = _setting(
        "Pictures embedded and committed together, instead of what a session embeds in ten seconds, 32 to 128.",
        unit="pictures",
        parse=_positive,
    )
    sessions: int = _setting("Ranges that a worker embeds at once.", default="2", unit="sessions", parse=_positive)
    insert_mode: str = _setting(
        "AUTO probes once for each standby whether array inserts work there, else BULK or ROW.",
        default="AUTO",
        parse=_insert_mode,
    )
    planning_timeout: float = _setting(
        "Longest time of one query of `produce`, which may go through all pictures; then the next standby is asked.",
        default="300",
        unit="seconds",
        parse=_seconds,
    )
    connect_timeout: float = _setting(
        "Longest wait for a logon, also at a listener that never answers.", default="20", unit="seconds", parse=_seconds
    )
    picture_timeout: float = _setting(
        "Longest time of one picture, until the standby's rate is measured; a range may take that for each of its.",
        default="60",
        unit="seconds",
        parse=_seconds,
    )
    call_timeout_floor: float = _setting(
        "A range may always take this long.", default="60", unit="seconds", parse=_seconds
    )
    call_timeout_cap: float = _setting(
        "No range may take longer, whatever its size and the measured rate.",
        default="3600",
        unit="seconds",
        parse=_seconds,
    )
    apply_lag_limit: float = _setting(
        "A worker pauses while its standby applies redo later than this; it resumes at half of it.",
        default="30",
        unit="seconds",
        parse=_seconds,
    )
    commit_latency_limit: float = _setting(
        "A worker pauses when writing a batch through the primary and committing it takes longer.",
        default="10",
        unit="seconds",
        parse=_seconds,
    )
    commit_rest: float = _setting(
        "Pause after a slow commit before one range tries again; doubled each time it stays slow.",
        default="15",
        unit="seconds",
        parse=_seconds,
    )
    probe_interval: float = _setting(
        "How often a worker asks its standby for role, open mode and apply lag.",
        default="0.5",
        unit="seconds",
        parse=_seconds,
    )
    probe_timeout: float = _setting(
        "A standby that does not answer that question for so long counts as unreachable.",
        default="3",
        unit="seconds",
        parse=_seconds,
    )
    stop_grace: float = _setting(
        "A worker that stops or pauses lets its ranges go on for so long, then breaks them off and hands them over.",
        default="10",
        unit="seconds",
        parse=_seconds,
    )
    watchdog_limit: float = _setting(
        "A serving worker that receives nothing for so long though the queue has work ends, to be restarted.",
        default="120",
        unit="seconds",
        parse=_seconds,
    )
    sessions_limit: int = _setting(
        "Most sessions that `adgfleet scale` can give a running worker.", default="32", unit="sessions", parse=_positive
    )
    visibility_timeout: float = _setting(
        "After this time a worker's message is handed out again though its worker lives; longer than any range takes.",
        default="86400",
        unit="seconds",
        parse=_seconds,
    )
    log_format: str = _setting(
        "PLAIN lines for people, or JSON: one object a line with run, range, standby and task id.",
        default="PLAIN",
        parse=_log_format,
    )
    flower_address: str = _setting("Where Flower listens.", default="127.0.0.1")
    flower_port: int = _setting("Port of Flower.", default="5555", parse=_port)
    flower_user: str = _setting("User of Flower's pages.", default="operator")
    flower_password: str | None = _setting("Password of FLOWER_USER.", secret=True)
    flower_state: str | None = _setting(
        "File in which Flower keeps what it has seen, so that a restart does not forget it; unset: nothing is kept.",
        example="/var/lib/adgfleet/flower",
    )
    search_address: str = _setting("Where the search page and its API listen; it has no logon.", default="127.0.0.1")
    search_port: int = _setting("Port of the search page.", default="8080", parse=_port)
    search_hosts: tuple[str, ...] = _setting(
        "Names beside localhost and SEARCH_ADDRESS by which browsers may reach the search page, with commas between "
        "them; * allows every name, also one that a foreign page has made lead here.",
        default="",
        parse=_host_names,
    )
    search_sessions: int = _setting(
        "Sessions that the search page opens on each standby at most.", default="8", unit="sessions", parse=_positive
    )
    search_timeout: float = _setting(
        "Longest time of a search on one standby; then the next standby is tried.",
        default="5",
        unit="seconds",
        parse=_seconds,
    )
    search_on_primary: bool = _setting(
        "YES lets searches go to the primary when no standby can answer.", default="NO", parse=_yes_or_no
    )
    search_accuracy: int = _setting(
        "TARGET ACCURACY of approximate searches.", default="95", unit="percent", parse=_percent
    )
    search_upload_limit: int = _setting(
        "Largest picture that can be searched by.", default="20000000", unit="bytes", parse=_positive
    )
    search_least_gap: float = _setting(
        "A text whose best hit is not nearer than the median picture by so much has no good match; 0: never say so. "
        "It belongs to the model; measure yours: python -m benchmarks.search_quality.",
        default="0",
        unit="cosine distance",
        parse=_gap,
    )

    search_examples: tuple[str, ...] = _setting(
        "Texts that the search page offers to click, with semicolons between them.",
        default="a blue bird; a red car in the snow; a yellow boat at sea; an orange cat; something pink at night",
        parse=_texts,
    )

    metrics_address: str = _setting(
        "Where `adgfleet metrics` listens; beyond loopback it wants METRICS_PASSWORD.", default="127.0.0.1"
    )
    metrics_port: int = _setting("Port of the metrics.", default="9816", parse=_port)
    metrics_user: str = _setting("User who may read the metrics when METRICS_PASSWORD is set.", default="prometheus")
    metrics_password: str | None = _setting("Password of METRICS_USER.", secret=True)
    metrics_count_interval: float = _setting(
        "How often the tables are counted for the metrics, on a standby; less often where counting takes long.",
        default="30",
        unit="seconds",
        parse=_seconds,
    )

    def require(self, name: str) -> Any:  # noqa: ANN401 - of whatever type the setting has
        """Return a setting's value.

        Raises:
            ConfigurationError: It is not set; the text says where to set it.
        """
        value = getattr(self, name)
        if value is None:
            example = next(entry.metadata["example"] for entry in fields(self) if entry.name == name)
            written = f"{name.upper()}={example}" if example else name.upper()
            where = f"{name.upper()}_FILE=path or " if _is_secret(name) else ""
            raise ConfigurationError(f"{name.upper()} is not set; put {where}{written} into .env or the environment")
        return value

    def standby_dsn(self, standby: str) -> str:
        """Return the DSN of a standby.

        Raises:
            ConfigurationError: STANDBYS does not name it.
        """
        standbys: dict[str, str] = self.require("standbys")
        try:
            return standbys[standby]
        except KeyError:
            known = ", ".join(standbys)
            raise ConfigurationError(f"STANDBYS has no standby {standby!r}; it names {known}") from None

    @property
    def broker_url(self) -> str:
        """REDIS_URL with the password in it."""
        parts = urlsplit(self.redis_url)
        if self.redis_password is None or parts.password is not None:
            return self.redis_url
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{quote(self.redis_password)}@{host}{port}"))

    @property
    def redis_place(self) -> str:
        """Where Redis is, without its password, for messages to people."""
        parts = urlsplit(self.redis_url)
        return f"{parts.hostname}:{parts.port or 6379}"


def load_settings(
    env_file: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings: overrides (command-line options) before the environment before the file.

    Args:
        env_file: A file of NAME=value lines; None: ``.env`` in the working directory, if there is one.
        overrides: Values by field name (``db_dsn``).
        environment: Instead of the process's environment, for tests.

    Raises:
        ConfigurationError: A value is malformed, or a named file cannot be read.
    """
    if env_file is not None and not env_file.exists():
        raise ConfigurationError(f"the settings file {env_file} does not exist")
    path = env_file if env_file is not None else Path(".env")
    if path.is_dir():
        raise ConfigurationError(f"{path} is a directory; the settings are a file of NAME=value lines")
    known = {entry.name.upper() for entry in fields(Settings)}
    file_values = _read_env_file(path) if path.is_file() else {}
    merged = {**file_values, **(os.environ if environment is None else environment)}
    merged.update({name.upper(): value for name, value in (overrides or {}).items()})
    values: dict[str, Any] = {}
    for entry in fields(Settings):
        name = entry.name.upper()
        text = merged.get(name)
        if entry.metadata["secret"] and not text and merged.get(f"{name}_FILE"):
            text = _read_secret(f"{name}_FILE", Path(merged[f"{name}_FILE"]))
        if text is None or text == "":
            text = entry.metadata["default"]
        values[entry.name] = None if text is None else entry.metadata["parse"](name, text)
    unknown = sorted(set(file_values) - known - {f"{name}_FILE" for name in known})
    if unknown:
        raise ConfigurationError(f"{path} sets {unknown[0]}, which adgfleet does not know; see .env.example")
    return Settings(**values)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without any setting: for a process that shall obey its ``--env-file`` alone."""
    names = {entry.name.upper() for entry in fields(Settings)}
    return {name: value for name, value in environment.items() if name.removesuffix("_FILE") not in names}


def setting_rows() -> list[tuple[str, str, str, str, bool]]:
    """Return (NAME, default, unit, help, secret) of every setting, in the order of the table."""
    return [
        (
            entry.name.upper(),
            entry.metadata["default"] or "",
            entry.metadata["unit"],
            entry.metadata["help"],
            entry.metadata["secret"],
        )
        for entry in fields(Settings)
    ]


def _is_secret(name: str) -> bool:
    return any(entry.name == name and entry.metadata["secret"] for entry in fields(Settings))


def _read_env_file(path: Path) -> dict[str, str]:
    """Read NAME=value lines; an error names the line, never its text, which may hold a secret."""
    values: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8") as stream:
            for binding in parse_stream(stream):
                if binding.error:
                    raise ConfigurationError(f"line {binding.original.line} of {path} cannot be read; is a quote open?")
                if binding.key is not None and binding.value is None:
                    raise ConfigurationError(f"line {binding.original.line} of {path} is not NAME=value")
                if binding.key is not None and binding.value is not None:
                    values[binding.key] = binding.value
    except OSError as error:
        raise ConfigurationError(f"the settings file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"the settings file {path} is no text in UTF-8") from error
    return values


def _read_secret(name: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{name} names {path}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name} names {path}, which is no text in UTF-8") from error
    if not text:
        raise ConfigurationError(f"{name} names {path}, which is empty")
    return text
