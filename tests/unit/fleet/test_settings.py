from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import ConfigurationError
from fleet.settings import load_settings, setting_rows

EXAMPLE = Path(__file__).parents[3] / ".env.example"


def test_the_example_file_has_every_setting_with_its_default_and_unit() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for name, default, unit, _, _ in setting_rows():
        assert f"\n#{name}={default}" in text
        if unit:
            assert f"Unit: {unit}." in text
    assert load_settings(EXAMPLE, environment={}).range_seconds == 60


def test_options_override_the_environment_which_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("RANGE_SIZE=1\nBATCH_SIZE=1\nSESSIONS=1\n", encoding="utf-8")
    environment = {"RANGE_SIZE": "2", "BATCH_SIZE": "2"}
    settings = load_settings(file, {"range_size": "3"}, environment)
    assert (settings.range_size, settings.batch_size, settings.sessions) == (3, 2, 1)


def test_a_secret_comes_from_its_file_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("very-secret\n", encoding="utf-8")
    settings = load_settings(environment={"DB_PASSWORD_FILE": str(file), "REDIS_URL": "redis://:hidden@host:1/0"})
    assert settings.db_password == "very-secret"
    assert "very-secret" not in repr(settings)
    assert "hidden" not in repr(settings) + settings.redis_place


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RANGE_SIZE", "0"),
        ("CONNECT_TIMEOUT", "nan"),
        ("STANDBYS", "sby1"),
        ("STANDBYS", "a=h/s,a=h/s"),
        ("IMAGE_MODEL", "clip; drop table pictures"),
        ("INSERT_MODE", "FAST"),
        ("REDIS_URL", "http://host"),
        ("FLOWER_PORT", "70000"),
        ("DB_PASSWORD_FILE", "/does/not/exist"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_setting(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        load_settings(environment={name: value})


def test_a_missing_setting_says_how_to_set_it() -> None:
    with pytest.raises(ConfigurationError, match="DB_PASSWORD_FILE"):
        load_settings(environment={}).require("db_password")
