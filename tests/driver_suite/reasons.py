"""Why a test of the suite stays red: by the feature that the emulator names, else by what the test is about."""

from __future__ import annotations

import re

_NAMED = re.compile(r"unimplemented feature: (?P<feature>.+?) is not emulated")
#: Of what the modules of a folder or name are about, that is outside what a fleet of workers touches.
_OUTSIDE = (
    (re.compile(r"^aq/"), "Advanced Queuing"),
    (re.compile(r"^soda/"), "SODA"),
    (re.compile(r"tpc"), "two-phase commit"),
    (re.compile(r"sessionless"), "sessionless transactions"),
    (re.compile(r"subscription"), "change notification"),
    (re.compile(r"externalauth|external_auth"), "external authentication"),
    (re.compile(r"direct_path"), "direct path load"),
    (re.compile(r"dbobject"), "object types"),
    (re.compile(r"json|oson"), "JSON and OSON"),
    (re.compile(r"sparse_vector"), "sparse vectors"),
    (re.compile(r"interval"), "intervals"),
    (re.compile(r"rowid"), "ROWID values"),
    (re.compile(r"bfile"), "BFILE"),
    (re.compile(r"scroll"), "scrollable cursors"),
)


def reason_of(module: str, test: str, text: str) -> str:
    """Return in a few words why a test fails."""
    named = _NAMED.search(text)
    if named is not None:
        return f"not emulated: {' '.join(named['feature'].split())[:80]}"
    subject = next((name for pattern, name in _OUTSIDE if pattern.search(module)), None)
    if subject is not None:
        return f"outside: {subject}"
    codes = re.findall(r"(?:ORA|DPY)-\d{4,5}", text)
    if codes:
        return f"not traced: {codes[-1]}"
    return f"not traced: {test.rpartition('::')[2]}"
