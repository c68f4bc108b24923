-- run this script as SYS on the primary PDB, for the owner and for each worker and search account
-- what a database says of itself (open mode, SCN, apply lag, CPU time); without it workers only see role and commit
-- latency, and the fleet page and reports show no CPU
set verify off
define grantee = adgvec
grant select on sys.v_$database to &grantee;
grant select on sys.v_$dataguard_stats to &grantee;
grant select on sys.v_$osstat to &grantee;
