create table stock (id number constraint stock_pk primary key, name varchar2(10), amount number not null);

create table news (id number, name varchar2(10), amount number);

insert into stock select level, 'item ' || level, level * 10 from dual connect by level <= 3;

insert into news select level + 1, 'new ' || level, level from dual connect by level <= 4;

-- what matches is updated, the rest inserted
merge into stock s using news n on (s.id = n.id)
when matched then update set s.amount = s.amount + n.amount, name = n.name
when not matched then insert (id, name, amount) values (n.id, n.name, n.amount);
4 rows

select * from stock order by id;
1 | item 1 | 10
2 | new 1 | 21
3 | new 2 | 32
4 | new 3 | 3
5 | new 4 | 4

-- with conditions, and rows deleted after their update
merge into stock s using (select id, name, amount from news) n on (s.id = n.id)
when matched then update set amount = s.amount + n.amount where s.id < 10 delete where s.amount > 30
when not matched then insert (id, amount) values (n.id, n.amount) where n.id = 5;
3 rows

select * from stock order by id;
1 | item 1 | 10
2 | item 2 | 21
5 | NULL | 4

-- one clause is enough
merge into stock s using dual on (s.id = 1) when matched then update set amount = 0;
1 rows

merge into stock s using dual on (s.id = 7) when not matched then insert values (7, 'seven', 7);
1 rows

select id, amount from stock where id in (1, 7) order by id;
1 | 0
7 | 7

-- binds, as of an upsert
-- binds: [2, "two", 2]
merge into stock s using (select :1 id, :2 name from dual) n on (s.id = n.id)
when matched then update set name = n.name when not matched then insert (id, name, amount) values (n.id, n.name, :3);
1 rows

select name, amount from stock where id = 2;
two | 20

-- defaults, and tables without a key
create table loose (id number default 50, name varchar2(10), seen number default 0);

merge into loose l using (select 'a' name from dual) n on (l.name = n.name)
when matched then update set seen = l.seen + 1 when not matched then insert (name) values (n.name);
1 rows

merge into loose l using (select 'a' name from dual) n on (l.name = n.name)
when matched then update set seen = l.seen + 1 when not matched then insert (name) values (n.name);
1 rows

select * from loose;
50 | a | 1

-- a row of the target is not updated twice
merge into stock s using (select 1 id, 5 amount from dual union all select 1, 6 from dual) n on (s.id = n.id)
when matched then update set amount = n.amount;
ORA-30926: unable to get a stable set of rows in the source tables

-- columns of the condition stay
merge into stock s using news n on (s.id = n.id) when matched then update set id = n.id;
ORA-38104: Columns referenced in the ON Clause cannot be updated: "S"."ID"

-- nothing of a failing MERGE stays
merge into stock s using news n on (s.id = n.id)
when matched then update set name = n.name
when not matched then insert (id, name) values (n.id, n.name);
ORA-01400: cannot insert NULL into ("PAIRS_MERGE"."STOCK"."AMOUNT")

select name from stock where id = 2;
item 2

merge into stock s using (select 9 id from dual union all select 9 from dual) n on (s.id = n.id)
when not matched then insert values (n.id, 'nine', 9);
ORA-00001: unique constraint (PAIRS_MERGE.STOCK_PK) violated on table PAIRS_MERGE.STOCK columns (ID)

-- in PL/SQL, with SQL%ROWCOUNT
declare
  v_id number := 3;
begin
  merge into stock s using (select v_id id from dual) n on (s.id = n.id)
  when matched then update set name = 'merged'
  when not matched then insert values (n.id, 'merged', 0);
  dbms_output.put_line(sql%rowcount);
end;
/
1

-- words in the wrong place
merge into stock s using news n on (s.id = n.id) when matched update set name = 'x';
ORA-00905: missing keyword

merge stock s using news n on (s.id = n.id) when matched then update set name = 'x';
ORA-00925: missing INTO keyword

merge into stock s using news n on (s.id = n.id);
ORA-00905: missing keyword

merge into stock s using nothing n on (s.id = n.id) when matched then update set name = n.name;
ORA-00942: table or view "PAIRS_MERGE"."NOTHING" does not exist

merge into stock s using news n on (s.id = n.nosuch) when matched then update set name = n.name;
ORA-00904: "N"."NOSUCH": invalid identifier
