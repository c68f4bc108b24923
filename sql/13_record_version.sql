set verify off
-- run this script as the user (ADGVEC) on the primary PDB, after all the others of an installation or upgrade
-- One row for each version of the database side that was ever installed here. Raised by one whenever a script of this
-- directory changes in a way that workers, producer or search notice. There is no way back to a lower one.
define version = 2
create table if not exists adgfleet_versions (
  version      number,
  installed_at timestamp,
  constraint adgfleet_versions_pk primary key ( version )
);
insert into adgfleet_versions (version, installed_at)
select &version, systimestamp from dual
 where not exists (select v.version from adgfleet_versions v where v.version >= &version);
commit;
