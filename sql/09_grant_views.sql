-- run this script as SYS on the primary PDB, for the owner and for each worker account
-- what a standby says of itself (open mode, SCN, apply lag); without it workers only see role and commit latency
set verify off
define grantee = adgvec
grant select on sys.v_$database to &grantee;
grant select on sys.v_$dataguard_stats to &grantee;
