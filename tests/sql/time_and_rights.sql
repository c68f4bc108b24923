-- fractions are rounded to what the column keeps
create table times (a timestamp(0), b timestamp(3));

insert into times values (timestamp '2024-01-01 10:00:59.5', timestamp '2024-01-01 10:00:00.1236');

select a, b from times;
2024-01-01 10:01:00 | 2024-01-01 10:00:00.124000

drop table times;

-- a time zone that nothing would read is refused
alter session set time_zone = 'UTC';

alter session set time_zone = 'rubbish';
ORA-03001: unimplemented feature: ALTER SESSION SET TIME_ZONE = 'rubbish' is not emulated

-- a password is replaced only by who knows the old one
alter user pairs_time_and_rights identified by "new-secret" replace "wrong";
ORA-28008: invalid old password

-- options of grants are not dropped silently
create table granted (a number);

grant select on granted to public with grant option;
ORA-03001: unimplemented feature: GRANT … WITH ADMIN OPTION or WITH GRANT OPTION is not emulated
