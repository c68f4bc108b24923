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
    (re.compile(r"ext_2[34]|ext_26|ext_27"), "transaction guard, sessionless transactions"),
    (re.compile(r"provider|notifier|config_cache"), "configuration from cloud services"),
)


#: Of what a failure's text is about that names no feature: things the set-up could not make, or that are not there.
_MISSING = (
    (re.compile(r"DBMS_PICKLER|ALL_TYPES|TESTOBJECTS|UDT_|DPY-2035", re.IGNORECASE), "object types"),
    (re.compile(r"TESTJSON|TESTOSON|TESTCOMPRESSEDJSON|JSON_SCALAR|json_object", re.IGNORECASE), "JSON and OSON"),
    (re.compile(r"TESTSPARSEVECTORS|SPARSE"), "sparse vectors"),
    (re.compile(r"TESTINTERVAL|TO_DSINTERVAL"), "intervals"),
    (re.compile(r"TESTROWIDS|TESTUNIVERSALROWIDS"), "ROWID values"),
    (re.compile(r"XMLELEMENT|TESTTEMPXML|TESTXML|XMLTYPE"), "XMLTYPE"),
    (re.compile(r"BFILENAME|TESTBFILES"), "BFILE"),
    (re.compile(r'"CURSOR": invalid identifier'), "CURSOR expressions"),
    (re.compile(r"TABLEWITHDOMAINANDANNOTATIONS"), "domains and annotations"),
    (re.compile(r'V\$[A-Z_]+" does not exist'), "a view that is not emulated"),
)


def reason_of(module: str, test: str, text: str) -> str:
    """Return in a few words why a test fails."""
    named = _NAMED.search(text)
    if named is not None:
        return f"not emulated: {' '.join(named['feature'].split())[:80]}"
    subject = next((name for pattern, name in _OUTSIDE if pattern.search(module)), None)
    if subject is not None:
        return f"outside: {subject}"
    missing = next((name for pattern, name in _MISSING if pattern.search(text)), None)
    if missing is not None:
        return f"outside: {missing}"
    codes = re.findall(r"(?:ORA|DPY)-\d{4,5}", text)
    if codes:
        return f"not traced: {codes[-1]}"
    return f"not traced: {test.rpartition('::')[2]}"
