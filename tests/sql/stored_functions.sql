create table t (id number primary key, n number, s varchar2(20));

insert into t select level, level * 10, 'row ' || level from dual connect by level <= 3;

create or replace function doubled (p_n number) return number is
begin
  return p_n * 2;
end;
/

create or replace function greeting (p_name varchar2 default 'world', p_times number default 1) return varchar2 is
  v_text varchar2(100);
begin
  for i in 1 .. p_times loop
    v_text := v_text || 'hello ' || p_name || ' ';
  end loop;
  return rtrim(v_text);
end;
/

create or replace function name_of (p_id number) return varchar2 is
  v_name t.s%type;
begin
  select s into v_name from t where id = p_id;
  return v_name;
end;
/

create or replace function counts return number is
  v_count number;
begin
  select count(*) into v_count from t;
  return v_count;
end;
/

create or replace function meddles return number is
begin
  delete from t;
  return sql%rowcount;
end;
/

create or replace function fails (p_n number) return number is
begin
  if p_n > 10 then
    raise_application_error(-20042, 'too much: ' || p_n);
  end if;
  return p_n;
end;
/

create or replace package calc as
  rate number := 3;
  function times (p_n number) return number;
  function times (p_s varchar2) return varchar2;
  procedure nothing;
end;
/

create or replace package body calc as
  function times (p_n number) return number is begin return p_n * rate; end;
  function times (p_s varchar2) return varchar2 is begin return p_s || p_s; end;
  procedure nothing is begin null; end;
end;
/

-- for each row
select id, doubled(n) from t where doubled(id) > 2 order by doubled(id) desc;
3 | 60
2 | 40

select sum(doubled(n)), max(doubled(id) + 1) from t;
120 | 7

-- arguments by place, by name, by default
select greeting, greeting(), greeting('you'), greeting(p_times => 2) from dual;
hello world | hello world | hello you | hello world hello world

select doubled('21'), doubled(null) from dual;
42 | NULL

-- functions that read
select name_of(2), name_of(99), counts from dual;
row 2 | NULL | 3

update t set n = 0 where id = 1;
1 rows

select n, name_of(id) from t where id = 1;
0 | row 1

-- functions of packages
select calc.times(5), calc.times('ab') from dual;
15 | abab

begin
  calc.rate := 4;
end;
/

select calc.times(n) from t where id = 3;
120

-- in changes
insert into t (id, n) values (doubled(5), counts);
1 rows

update t set n = doubled(n) where id = 3;
1 rows

select id, n from t where id in (3, 10) order by id;
3 | 60
10 | 3

update t set n = counts;
ORA-04091: table PAIRS_STORED_FUNCTIONS.T is mutating, trigger/function may not see it
ORA-06512: at "PAIRS_STORED_FUNCTIONS.COUNTS", line 4

-- what a function in SQL may not do
select meddles from dual;
ORA-14551: cannot perform a DML operation inside a query
ORA-06512: at "PAIRS_STORED_FUNCTIONS.MEDDLES", line 3

-- errors say where
select fails(n) from t where id = 1;
10

select fails(n) from t where id = 2;
ORA-20042: too much: 20
ORA-06512: at "PAIRS_STORED_FUNCTIONS.FAILS", line 4

select doubled(1, 2) from dual;
ORA-06553: PLS-00306: wrong number or types of arguments in call to 'DOUBLED'

select calc.nothing from dual;
ORA-00904: "CALC"."NOTHING": invalid identifier

select nosuch(1) from dual;
ORA-00904: "NOSUCH": invalid identifier

-- in SQL inside PL/SQL
declare
  v_n number := 7;
begin
  for r in (select doubled(v_n) d, doubled(id) i from t where id <= 2 order by id) loop
    dbms_output.put_line(r.d || ' ' || r.i);
  end loop;
end;
/
14 2
14 4

declare
  v_n number;
  function local_one return number is begin return 1; end;
begin
  select local_one into v_n from dual;
end;
/
ORA-06550: line 5, column 10:
PLS-00231: function 'LOCAL_ONE' may not be used in SQL
ORA-06550: line 5, column 3:
PL/SQL: Statement ignored
