-- run this script as a DBA in the PDB on the primary; optional: services that follow the database's role, for sites
-- without Clusterware (with it: srvctl add service -role PRIMARY or PHYSICAL_STANDBY, see docs/howto/services.md)
-- DB_DSN then names &service._rw, each of STANDBYS &service._ro: whoever asks the wrong database is refused by the listener
set verify off
define service = mypdb
begin
  dbms_service.create_service('&service._rw', '&service._rw');
exception
  when dbms_service.service_exists then null;
end;
/
begin
  dbms_service.create_service('&service._ro', '&service._ro');
exception
  when dbms_service.service_exists then null;
end;
/
create or replace trigger start_role_services after startup on database
declare
  v_role   varchar2(30) := sys_context('userenv', 'database_role');
  v_wanted varchar2(64) := case v_role when 'PRIMARY' then '&service._rw' when 'PHYSICAL STANDBY' then '&service._ro' end;
  procedure stop(p_service varchar2) is
  begin
    dbms_service.stop_service(p_service);
    -- sessions that outlive a change of the role would go on where they do not belong
    dbms_service.disconnect_session(p_service, dbms_service.immediate);
  exception
    when dbms_service.service_not_running then null;
  end;
begin
  if v_wanted is null or v_wanted <> '&service._rw' then
    stop('&service._rw');
  end if;
  if v_wanted is null or v_wanted <> '&service._ro' then
    stop('&service._ro');
  end if;
  if v_wanted is not null then
    dbms_service.start_service(v_wanted);
  end if;
exception
  when dbms_service.service_in_use then null;
end;
/
