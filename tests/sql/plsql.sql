create table t (id number primary key, n number);

insert into t values (1, 10);

insert into t values (2, 20);

-- named exceptions, SQLCODE and SQLERRM
declare
  v number;
begin
  begin
    select n into v from t where id = 99;
  exception
    when no_data_found then dbms_output.put_line(sqlcode || ' ' || sqlerrm);
  end;
  begin
    select n into v from t;
  exception
    when too_many_rows then dbms_output.put_line(sqlcode);
  end;
  begin
    insert into t values (1, 1);
  exception
    when dup_val_on_index then dbms_output.put_line(sqlcode);
  end;
  begin
    v := 1 / 0;
  exception
    when zero_divide then dbms_output.put_line(sqlerrm);
  end;
  begin
    v := 'x';
  exception
    when value_error then dbms_output.put_line(sqlcode);
  end;
  dbms_output.put_line(sqlcode);
end;
/
100 ORA-01403: no data found
-1422
-1
ORA-01476: divisor is equal to zero
-6502
0

-- an exception of one's own, with and without a code
declare
  e_full exception;
  pragma exception_init(e_full, -20500);
  e_plain exception;
begin
  begin
    raise_application_error(-20500, 'full');
  exception
    when e_full then dbms_output.put_line(sqlerrm);
  end;
  begin
    raise e_plain;
  exception
    when others then dbms_output.put_line(sqlcode || ' ' || sqlerrm);
  end;
end;
/
ORA-20500: full
1 User-Defined Exception

-- an unhandled error says where
begin
  null;
  raise_application_error(-20001, 'stop');
end;
/
ORA-20001: stop
ORA-06512: at line 3

-- a block that does not compile says where
begin
  nosuch(1);
  v := 2;
end;
/
ORA-06550: line 2, column 3:
PLS-00201: identifier 'NOSUCH' must be declared
ORA-06550: line 2, column 3:
PL/SQL: Statement ignored
ORA-06550: line 3, column 3:
PLS-00201: identifier 'V' must be declared
ORA-06550: line 3, column 3:
PL/SQL: Statement ignored

-- SQL that does not compile
begin
  update nosuch set n = 1;
end;
/
ORA-06550: line 2, column 10:
PL/SQL: ORA-00942: table or view "PAIRS_PLSQL"."NOSUCH" does not exist
ORA-06550: line 2, column 3:
PL/SQL: SQL Statement ignored

-- SAVE EXCEPTIONS goes on and says what failed
declare
  type ids is table of number;
  v ids := ids(1, 3, 2, 4);
begin
  forall i in 1 .. v.count save exceptions insert into t values (v(i), 0);
exception
  when others then
    dbms_output.put_line(sqlcode || ' ' || sql%bulk_exceptions.count);
    for i in 1 .. sql%bulk_exceptions.count loop
      dbms_output.put_line(sql%bulk_exceptions(i).error_index || ' ' || sql%bulk_exceptions(i).error_code);
    end loop;
end;
/
-24381 2
1 1
3 1

-- loops
declare
  v number := 0;
begin
  for i in reverse 1 .. 3 loop
    continue when i = 2;
    dbms_output.put(i || ' ');
  end loop;
  while v < 3 loop
    v := v + 1;
  end loop;
  <<outer>>
  loop
    loop
      exit outer when v = 5;
      v := v + 1;
    end loop;
  end loop;
  dbms_output.put_line(v);
end;
/
3 1 5

-- cursors: explicit, FOR, and by reference
declare
  cursor c(p number) is select id, n from t where id >= p order by id;
  r c%rowtype;
  rc sys_refcursor;
  v number;
begin
  open c(1);
  fetch c into r;
  dbms_output.put_line(r.id || ' ' || r.n || ' ' || c%rowcount);
  close c;
  for x in c(2) loop
    dbms_output.put_line(x.id);
  end loop;
  open rc for select n from t order by n desc;
  fetch rc into v;
  dbms_output.put_line(v);
  close rc;
  fetch rc into v;
exception
  when invalid_cursor then dbms_output.put_line(sqlcode);
end;
/
1 10 1
2
20
-1001

-- records and collections
declare
  type point is record (x number, y number);
  type list is table of varchar2(10);
  type map is table of number index by varchar2(10);
  type few is varray(2) of number;
  p point;
  l list := list('a', 'b');
  m map;
  f few := few(1);
  k varchar2(10);
begin
  p.x := 1;
  p.y := 7;
  l.extend;
  l(3) := 'c';
  l.delete(2);
  m('two') := 2;
  m('one') := 1;
  k := m.first;
  while k is not null loop
    dbms_output.put(k || '=' || m(k) || ' ');
    k := m.next(k);
  end loop;
  dbms_output.put_line(p.x || p.y || ' ' || l.count || l.last || case when l.exists(2) then '' else '!' end);
  f.extend;
  f.extend;
end;
/
one=1 two=2 17 23!
ORA-06532: Subscript outside of limit
ORA-06512: at line 26

-- a nested block hides a name and hands an error on
<<outer>>
declare
  v number := 1;
begin
  declare
    v number := 2;
  begin
    dbms_output.put_line(v || outer.v);
    raise no_data_found;
  end;
exception
  when no_data_found then dbms_output.put_line('outside');
end;
/
21
outside

-- RETURNING and the counts of SQL
declare
  v number;
begin
  update t set n = n + 1 where id = 1 returning n into v;
  dbms_output.put_line(v || ' ' || sql%rowcount);
  delete from t where id = 99;
  dbms_output.put_line(sql%rowcount || case when sql%notfound then ' none' end);
end;
/
11 1
0 none

-- procedures with OUT parameters and defaults
create or replace procedure twice(p_in in number, p_out out number, p_more in number default 0) as
begin
  p_out := p_in * 2 + p_more;
end;
/

declare
  v number;
begin
  twice(4, v);
  dbms_output.put_line(v);
  twice(p_out => v, p_in => 1, p_more => 5);
  dbms_output.put_line(v);
end;
/
8
7

-- an error inside a unit is traced through it
create or replace procedure fails as
begin
  raise no_data_found;
end;
/

begin
  fails;
end;
/
ORA-01403: no data found
ORA-06512: at "PAIRS_PLSQL.FAILS", line 3
ORA-06512: at line 2

-- a unit that does not compile warns, and cannot be called
create or replace procedure broken as
begin
  nosuch;
end;
/
DPY-7000

select line, position, text from user_errors where name = 'BROKEN' and sequence = 1;
3 | 3 | PLS-00201: identifier 'NOSUCH' must be declared

begin
  broken;
end;
/
ORA-06550: line 2, column 3:
PLS-00905: object PAIRS_PLSQL.BROKEN is invalid
ORA-06550: line 2, column 3:
PL/SQL: Statement ignored

-- packages keep their state for the session
create or replace package counter as
  total number := 0;
  procedure up(p_by in number := 1);
end;
/

create or replace package body counter as
  procedure up(p_by in number := 1) as
  begin
    total := total + p_by;
  end;
end;
/

begin
  counter.up;
  counter.up(4);
end;
/

begin
  dbms_output.put_line(counter.total);
end;
/
5

-- supplied packages
declare
  v_module varchar2(48);
  v_action varchar2(32);
begin
  dbms_application_info.set_module('loader', 'range 1');
  dbms_application_info.read_module(v_module, v_action);
  dbms_output.put_line(v_module || '/' || v_action || ' ' || dbms_lob.getlength(to_clob('four')));
end;
/
loader/range 1 4

-- dynamic SQL with binds
declare
  v number;
begin
  execute immediate 'select n from t where id = :1' into v using 2;
  dbms_output.put_line(v);
  execute immediate 'update t set n = :1' using 5;
  dbms_output.put_line(sql%rowcount);
end;
/
20
2

-- FORALL hands back what it changed
create table bulk (id number primary key, n number);

declare
  type numbers is table of number;
  v_ids numbers := numbers(1, 2, 3);
  v_new numbers;
  v_old numbers;
begin
  forall i in 1 .. v_ids.count
    insert into bulk values (v_ids(i), v_ids(i) * 10) returning id, n bulk collect into v_old, v_new;
  dbms_output.put_line(v_old.count || ' ' || v_new(3) || ' ' || sql%rowcount);
  forall i in 2 .. 3
    delete from bulk where id >= v_ids(i) returning id bulk collect into v_old;
  dbms_output.put_line(v_old.count || ' ' || sql%bulk_rowcount(2) || ' ' || sql%bulk_rowcount(3));
  forall i in 1 .. 0
    delete from bulk where id = v_ids(i) returning id bulk collect into v_old;
  dbms_output.put_line(v_old.count);
end;
/
3 30 3
2 2 0
0

declare
  type numbers is table of number;
  v_ids numbers := numbers(7, 7, 8);
  v_done numbers;
begin
  forall i in 1 .. 3 save exceptions
    insert into bulk values (v_ids(i), 0) returning id bulk collect into v_done;
exception
  when others then
    dbms_output.put_line(sql%bulk_exceptions.count || ' ' || v_done.count || ' ' || v_done(2));
end;
/
1 2 8

-- records have defaults
declare
  type point is record (x number := 7, label varchar2(10) not null := 'x', made date default sysdate, n number);
  a point;
  b point := point(label => 'q', x => null);
begin
  dbms_output.put_line(a.x || a.label || nvl(to_char(a.n), '-') || case when a.made is not null then 'd' end);
  dbms_output.put_line(nvl(to_char(b.x), '-') || b.label);
  a := b;
  a.label := null;
end;
/
7x-d
-q
ORA-06502: PL/SQL: value or conversion error
ORA-06512: at line 9

-- collections are copied, extended with copies, and may have holes
declare
  type words is table of varchar2(5);
  v words := words('a', 'b');
  w words;
begin
  w := v;
  v(1) := 'z';
  dbms_output.put_line(w(1) || w.count);
  v.delete(1);
  v.extend(2, 2);
  dbms_output.put_line(v.count || v.first || v(4));
  w.trim;
  dbms_output.put_line(w.count || w.last);
end;
/
a2
32b
11

-- rows are locked for an update
declare
  v_n bulk.n%type;
begin
  insert into bulk values (1, 5);
  select n into v_n from bulk where id = 1 for update nowait;
  for r in (select id from bulk for update of n skip locked) loop
    update bulk set n = v_n + 1 where id = r.id;
  end loop;
  select n into v_n from bulk where id = 1;
  dbms_output.put_line(v_n);
end;
/
6
