"""The seed's statements in ``sql/`` are its own, to the letter: an existing installation must find nothing changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

_SQL = Path(__file__).parents[2] / "sql"
#: SHA-256 of each text without surrounding white space; of 04, 07 and 08 without the first line, which is ours.
_SEED = {
    "01_create_user.sql": "2ec4a3439bf658dce8dd6216140a36249a6f34a91441a1aa25cd32b4d55ef1b4",
    "02_create_schema.sql": "42fc42ca151d79917a4cd6f757a618d6b36e8ccf308443c7ceb152dd552e4de9",
    "04_show_models.sql": "2ace2290d31f0115fb59690e85e566f734ef5d2897bcf4f6706933dc28200ad1",
    "05_process_embeddings.sql": "da66daa72e9fa013e9a501ef677c6498700d7bcb93bd0797973a5c6b0f46d616",
    "07_run_process_embeddings.sql": "cf215664b977055718030e653ccd1fbc32007306e278351903b31239fdd35421",
    "08_search.sql": "fbde1d72e6e9b78d55c70cac5c27f2888e5782322277daf0af47ad6543f47d9e",
}


@pytest.mark.parametrize("name", _SEED)
def test_a_script_of_the_seed_is_unchanged(name: str) -> None:
    text = (_SQL / name).read_text(encoding="utf-8")
    if name[:2] in {"04", "07", "08"}:
        text = text.partition("\n")[2]
    assert hashlib.sha256(text.strip().encode()).hexdigest() == _SEED[name]
