create table pics (id number primary key, size_kb number(10,2), owner_name varchar2(10));

create table done (id number primary key references pics (id), standby varchar2(10));

insert into pics select level, level * 1.5, case when mod(level, 3) = 0 then 'ann' else 'bob' end from dual connect by level <= 12;

insert into done select level * 2, 'sby1' from dual connect by level <= 3;

-- ranges of what is pending, as a planner cuts them
select tile, min(id), max(id), count(*) from (
  select p.id, ntile(3) over (order by p.id) tile from pics p left join done d on d.id = p.id where d.id is null
) group by tile order by tile;
1 | 1 | 5 | 3
2 | 7 | 9 | 3
3 | 10 | 12 | 3

select min(id), max(id), count(*) from (
  select id, id - row_number() over (order by id) as island from pics where id not in (select id from done)
) group by island order by 1;
1 | 1 | 1
3 | 3 | 1
5 | 5 | 1
7 | 12 | 6

select ceil(rn / 5) as chunk, min(id) first_id, max(id) last_id from (
  select id, row_number() over (order by id) rn from pics
) group by ceil(rn / 5) order by chunk;
1 | 1 | 5
2 | 6 | 10
3 | 11 | 12

-- running and moving figures
select id, sum(size_kb) over (order by id) s, avg(size_kb) over (order by id rows between 1 preceding and 1 following) a,
  lag(id) over (order by id) p, lead(id, 2, 0) over (order by id) n
from pics where id <= 4 order by id;
1 | 1.5 | 2.25 | NULL | 3
2 | 4.5 | 3 | 1 | 4
3 | 9 | 4.5 | 2 | 0
4 | 15 | 5.25 | 3 | 0

select owner_name, id, rank() over (partition by owner_name order by size_kb desc) r,
  first_value(id) over (partition by owner_name order by size_kb desc) biggest, count(*) over (partition by owner_name) n
from pics where id > 7 order by owner_name, r;
ann | 12 | 1 | 12 | 2
ann | 9 | 2 | 12 | 2
bob | 11 | 1 | 11 | 3
bob | 10 | 2 | 11 | 3
bob | 8 | 3 | 11 | 3

select id, dense_rank() over (order by trunc(id / 2)) d from pics where id <= 4 order by id;
1 | 1
2 | 2
3 | 2
4 | 3

-- hints are no part of the statement
select /*+ full(p) parallel(p, 8) */ count(*) from pics p;
12

insert /*+ append */ into done values (9, 'sby2');
1 rows

update /*+ index(d) */ done d set standby = 'sby3' where id = 9;
1 rows

delete /*+ no_index(d) */ from done d where id = 9;
1 rows

-- ROWNUM numbers rows before they are sorted or grouped
select rownum, id from pics where id > 9 order by id desc;
3 | 12
2 | 11
1 | 10

select r.*, rownum from (select id from pics order by id desc) r where rownum <= 2;
12 | 1
11 | 2

select count(*), max(id) from pics where rownum <= 4;
4 | 4

select id from pics where rownum = 1;
1

select id from pics where rownum = 2;
no rows

select max(r) from (select rownum r from pics);
12

select g, count(*) from (select trunc((rownum - 1) / 5) g from pics) group by g order by g;
0 | 5
1 | 5
2 | 2

select owner_name, rownum from pics group by owner_name;
ORA-00979: ROWNUM: must appear in the GROUP BY clause or be used in an aggregate function

delete from done where rownum <= 2;
2 rows

update done set standby = 'x' where rownum < 2 and id > 0;
1 rows

-- aliases stand for their expressions in GROUP BY and HAVING
select trunc(id / 5) as part, count(*) as n from pics group by part having n > 2 order by part;
0 | 4
1 | 5
2 | 3

-- rows can be locked while they are read
select id from done where id > 2 order by id for update;
4
6

select p.id from pics p join done d on d.id = p.id where d.id = 2 for update of d.standby nowait;
2

select distinct id from done for update;
ORA-02014: cannot select FOR UPDATE from view with DISTINCT, GROUP BY, etc.

select count(*) from done for update;
ORA-02014: cannot select FOR UPDATE from view with DISTINCT, GROUP BY, etc.

select id from done for update of nosuch;
ORA-00904: "NOSUCH": invalid identifier

select id from (select id from done for update);
ORA-00907: missing right parenthesis

-- what is not there has a name
select cursor(select 1 from dual) from dual;
ORA-03001: unimplemented feature: function CURSOR is not emulated

select rowid from dual;
ORA-03001: unimplemented feature: ROWID here is not emulated

-- a row is found again by its ROWID
declare
  v_row rowid;
  v_id number;
  v_same number;
begin
  select rowid into v_row from pics where id = 5;
  update pics set owner_name = 'eve' where rowid = v_row returning rowid, id into v_row, v_id;
  select count(*) into v_same from pics p where p.rowid = v_row and p.owner_name = 'eve';
  dbms_output.put_line(v_id || ' ' || v_same);
end;
/
5 1

select count(distinct rowid), count(*) from pics;
12 | 12

delete from done d where rowid in (select max(rowid) from done group by standby);
1 rows

-- models come from directories
create directory models as '/nowhere';
ORA-01031: insufficient privileges

begin
  dbms_vector.load_onnx_model('MODELS', 'm.onnx', 'm');
end;
/
ORA-22930: directory does not exist
ORA-06512: at line 2

-- privileges on what is not there
grant execute on nosuch to public;
ORA-04042: Procedure, function, package, or package body NOSUCH does not exist.

grant select on nosuch to public;
ORA-00942: table or view "PAIRS_PLANNER"."NOSUCH" does not exist

-- the one container
alter session set container = mypdb;

alter session set container = other;
ORA-65011: Pluggable database OTHER does not exist.

alter session set container = cdb$root;
ORA-03001: unimplemented feature: the root container CDB$ROOT is not emulated

grant create table to public container = all;
ORA-65050: Common DDLs only allowed in root.
