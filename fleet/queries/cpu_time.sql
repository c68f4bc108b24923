-- CPU time of the database's host since it started, and its processors. Needs SELECT on V_$OSSTAT.
SELECT stat_name, value FROM v$osstat WHERE stat_name IN ('NUM_CPUS', 'BUSY_TIME', 'IDLE_TIME')
