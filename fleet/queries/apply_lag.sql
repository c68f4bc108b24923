-- How far a standby is behind, and from when the data for that are. Needs SELECT on V_$DATAGUARD_STATS.
SELECT value, time_computed, datum_time FROM v$dataguard_stats WHERE name = 'apply lag'
