create table t (a number, b varchar2(10), c clob);

insert into t values (1, 'one', 'text');

-- a select list without items
select from dual;
ORA-00936: missing expression

-- a grouping without items
select a from t group by;
ORA-00936: missing expression

-- an aggregate of nothing
select sum(distinct) from t;
ORA-00936: missing expression

-- an update without assignments
update t set;
ORA-00936: missing expression

-- dynamic SQL that ends after its verb
begin
  execute immediate 'select';
end;
/
ORA-00936: missing expression
ORA-06512: at line 2

-- a row limit of NULL gives no rows
select a from t fetch first null rows only;
no rows

-- a character that cannot be
select chr(-1) from dual;
ORA-01428: argument '-1' is out of range

-- dates beyond the calendar
select add_months(date '2024-01-01', 1e9) from dual;
ORA-01841: (full) year must be between -4713 and +9999, and not be 0

select date '2024-01-01' + 1e9 from dual;
ORA-01841: (full) year must be between -4713 and +9999, and not be 0

begin
  dbms_output.put_line(date '2024-01-01' + 1e9);
end;
/
ORA-01841: (full) year must be between -4713 and +9999, and not be 0
ORA-06512: at line 2

-- a power beyond NUMBER
select power(10, 200) from dual;
ORA-01426: numeric overflow

-- a year of two digits is that year
select to_char(date '0099-01-01', 'YYYY-MM-DD'), date '0099-01-02' - date '0099-01-01' from dual;
0099-01-01 | 1

-- part of a CLOB is text
select dbms_lob.substr(c, 3, 2) || '!' from t;
ext!

-- a unique index on duplicates
insert into t (a) values (7);

insert into t (a) values (7);

create unique index t_a on t (a);
ORA-01452: cannot CREATE UNIQUE INDEX; duplicate keys found

delete from t where a = 7;

-- case counts in quoted names
create table "t" (a number, "a" number, "B b" number);

insert into "t" (a, "a") values (1, 2);

create index "t" on "t" ("a");

create index t on t (a);

select a, "a", x."a" + 1 from "t" x order by "a";
1 | 2 | 3

select a from t where a = 1;
1

update "t" set "a" = 5 where "a" = 2 and a = 1;
1 rows

insert into "t" values (1, 2, 3);
1 rows

drop table "t";

-- an empty query beside a good one
select a from t where rownum <= 0;
no rows
