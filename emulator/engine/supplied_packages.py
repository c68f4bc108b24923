"""The names of Oracle's supplied packages that are known here, whether or not something of them is emulated."""

from __future__ import annotations

SUPPLIED_PACKAGES = frozenset(
    {
        *("DBMS_APPLICATION_INFO", "DBMS_ASSERT", "DBMS_CRYPTO", "DBMS_DATA_MINING", "DBMS_FLASHBACK", "DBMS_JOB"),
        *("DBMS_LOB", "DBMS_LOCK", "DBMS_METADATA", "DBMS_MONITOR", "DBMS_OUTPUT", "DBMS_PARALLEL_EXECUTE"),
        *("DBMS_PIPE", "DBMS_RANDOM", "DBMS_ROWID", "DBMS_SCHEDULER", "DBMS_SERVICE", "DBMS_SESSION", "DBMS_SQL"),
        *("DBMS_STATS", "DBMS_TRANSACTION", "DBMS_UTILITY", "DBMS_VECTOR", "DBMS_VECTOR_CHAIN", "DBMS_XPLAN"),
        *("DBMS_AQ", "DBMS_AQADM", "DBMS_WORKLOAD_REPOSITORY", "DBMS_XMLGEN", "DBMS_DG", "DBMS_ALERT"),
        *("UTL_FILE", "UTL_HTTP", "UTL_RAW", "UTL_SMTP", "UTL_TCP", "UTL_URL", "UTL_ENCODE", "UTL_I18N"),
    }
)
