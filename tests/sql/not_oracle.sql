create table t (id number primary key, n number, s varchar2(10), ts timestamp, c clob);

insert into t (id, n, s) select level, level * 10, 'x' from dual connect by level <= 3;

-- AS belongs before aliases of columns, not of tables
-- offset: yes
select id from t as x;
ORA-00933: SQL command not properly ended
offset 17

select x.id from t x join t as y on x.id = y.id;
ORA-00933: SQL command not properly ended

-- offset: yes
update t as x set n = 1;
ORA-00971: missing SET keyword
offset 9

delete from t as x;
ORA-00933: SQL command not properly ended

with q as (select 1 a from dual) select cast(a as number) as z, trim(leading 'x' from 'xy') as y from q;
1 | y

-- an asterisk stands alone
-- offset: yes
select *, 1 from t;
ORA-00923: FROM keyword not found where expected
offset 8

select 1, * from t;
ORA-00936: missing expression

select t.*, n*2 from t where id = 1;
1 | 10 | x | NULL | NULL | 20

-- RETURNING needs a place to return to
update t set n = 1 returning n;
ORA-00925: missing INTO keyword

-- a number with an exponent before a sign
select 1e3+1, 2*1e3-1, 1e3+1e2+1e1, '1e3+1' from dual;
1001 | 1999 | 1110 | 1e3+1

select q'[it's 1e3+1]' from dual;
it's 1e3+1

-- analytic functions
select id from t where row_number() over (order by id) = 1;
ORA-30483: window  functions are not allowed here

select row_number() over (partition by s) from t;
ORA-30485: missing ORDER BY expression in the window specification

select avg(n) over (order by id range between 1 preceding and current row) from t;
ORA-03001: unimplemented feature: RANGE of a window by a distance is not emulated

select avg(n) over (order by id range between unbounded preceding and current row) from t;
10
15
20

-- values of one kind
select case when id = 1 then 1 else 'x' end from t;
ORA-00932: expression is of data type CHAR, which is incompatible with expected data type NUMBER

select coalesce(n, 'x') from t;
ORA-00932: expression is of data type CHAR, which is incompatible with expected data type NUMBER

select nvl(n, '7'), decode(id, 1, 1, '2'), coalesce(ts, sysdate) from t where 1 = 0;
no rows

select max(c) from t;
ORA-00932: expression is of data type CLOB, which is incompatible with expected data type NUMBER

-- LOBs are not compared
select id from t where c = 'x';
ORA-00932: expression is of data type CLOB, which is incompatible with expected data type CHAR

select count(*) from t where c like 'x%' or c is null;
3

-- strings end at 4,000 bytes, CLOBs do not
select length(rpad('x', 3000) || rpad('y', 1000)) from dual;
4000

select length(rpad('x', 3000) || rpad('y', 1001)) from dual;
ORA-01489: result of string concatenation is too long

select length(to_clob(rpad('x', 3000)) || rpad('y', 3000)) from dual;
6000

create table long_strings (s varchar2(4001));
ORA-00910: specified length too long for its datatype

-- ALL of a table
grant all on t to public;

select listed.privilege from (select privilege from user_tab_privs where table_name = 'T' and grantee = 'PUBLIC') listed order by 1;
ALTER
DELETE
INDEX
INSERT
READ
REFERENCES
SELECT
UPDATE

-- a BINARY_DOUBLE divided by zero
select cast(1 as binary_double) / 0, -cast(1 as binary_double) / 0, cast(null as binary_double) / 0 from dual;
inf | -inf | NULL

select cast(0 as binary_double) / 0 from dual;
ORA-03001: unimplemented feature: NaN is not emulated

-- a string becomes a TIMESTAMP by its own format, and the other way
insert into t (id, ts) values (20, '01-JAN-24 10.00.00.123456 PM');
1 rows

insert into t (id, ts) values (21, '01-JAN-24');
1 rows

select id, ts || '' from t where ts >= '01-JAN-24 12.00.00 AM' order by id;
20 | 01-JAN-24 10.00.00.123456 PM
21 | 01-JAN-24 12.00.00.000000 AM

declare
  v timestamp := '02-JAN-24 01.02.03.5 AM';
begin
  dbms_output.put_line(to_char(v, 'YYYY-MM-DD HH24:MI:SS.FF1'));
end;
/
2024-01-02 01:02:03.5

select to_char(timestamp '2024-01-01 10:00:00 -02:30', 'HH24:MI TZH:TZM'), timestamp '2024-01-01 10:00:00.5' from dual;
10:00 -02:30 | 2024-01-01 10:00:00.500000

-- a date without its time is midnight
select to_date('2024-01-02', 'YYYY-MM-DD HH24:MI:SS') from dual;
2024-01-02 00:00:00

select to_date('2024-01', 'YYYY-MM-DD') from dual;
ORA-01840: input value not long enough for date format

-- MERGE may qualify the columns that it fills
merge into t using (select 9 i from dual) x on (t.id = x.i) when not matched then insert (t.id, t.n) values (x.i, x.i);
1 rows

-- what is not there has a name
with x (n) as (select 1 from dual union all select n + 1 from x where n < 3) select * from x;
ORA-03001: unimplemented feature: recursive WITH is not emulated

update (select * from t) set n = 1;
ORA-03001: unimplemented feature: UPDATE of a query is not emulated

create index t_s on t (upper(s));
ORA-03001: unimplemented feature: index on an expression is not emulated

create table v (a number, b as (a + 1));
ORA-03001: unimplemented feature: AS of a column is not emulated

select id from t where rownum <= 1 order by id for update;
ORA-03001: unimplemented feature: FOR UPDATE of rows that ROWNUM numbers before they are sorted or shown is not emulated

select substrb('a', 1) from dual;
ORA-03001: unimplemented feature: function SUBSTRB is not emulated

select uid from t;
ORA-03001: unimplemented feature: UID here is not emulated

-- offset: yes
select count(*) from v$pdbs;
ORA-03001: unimplemented feature: view V$PDBS is not emulated
offset 21

select count(*) from sys.v_$lock;
ORA-03001: unimplemented feature: view V_$LOCK is not emulated

select event from v$session;
ORA-03001: unimplemented feature: column EVENT of V$SESSION is not emulated

select event from v$session, t;
ORA-00904: "EVENT": invalid identifier

select count(*) from user_tablez;
ORA-00942: table or view "PAIRS_NOT_ORACLE"."USER_TABLEZ" does not exist

create table dict (a number);

select count(*) from dict;
0

drop table dict;

-- what PL/SQL refuses
begin
  null;
exception
  when others then null;
  when no_data_found then null;
end;
/
ORA-06550: line 5, column 3:
PLS-00370: OTHERS handler must be last among the exception handlers of a block

begin
  null;
exception
  when nosuch then null;
end;
/
ORA-06550: line 4, column 8:
PLS-00201: identifier 'NOSUCH' must be declared

begin
  for i in 1 .. 10 by 3 loop null; end loop;
end;
/
ORA-03001: unimplemented feature: iteration controls of FOR is not emulated

begin
  dbms_output.put_line($$plsql_line);
end;
/
ORA-03001: unimplemented feature: $$… and $IF is not emulated

create or replace package state as
  shown number;
end;
/

create or replace package body state as
  hidden number;
end;
/

begin
  state.hidden := 1;
end;
/
ORA-06550: line 2, column 9:
PLS-00302: component 'HIDDEN' must be declared
ORA-06550: line 2, column 3:
PL/SQL: Statement ignored
