create table t (id number primary key, n number, s varchar2(10));

create table u (id number, m number);

-- FROM in the wrong place
-- offset: yes
select 1 frm dual;
ORA-00923: FROM keyword not found where expected
offset 13

-- offset: yes
select id n s from t;
ORA-00923: FROM keyword not found where expected
offset 12

select 1 + 2) from dual;
ORA-00923: FROM keyword not found where expected

select (1 + 2 from dual;
ORA-00907: missing right parenthesis

-- something is missing
-- offset: yes
select id, from t;
ORA-00936: missing expression
offset 11

-- offset: yes
select from t;
ORA-00936: missing expression
offset 7

-- offset: yes
select id from t where;
ORA-00936: missing expression
offset 22

select id from t where n = 1 and;
ORA-00936: missing expression

-- offset: yes
select id from t where n == 1;
ORA-00936: missing expression
offset 26

select id from t where id in ();
ORA-00936: missing expression

select id from t order by;
ORA-00936: missing expression

-- offset: yes
select id from t order n;
ORA-00924: missing BY keyword
offset 23

select id from t group having count(*) > 1;
ORA-00924: missing BY keyword

select * from t join u where t.id = u.id;
ORA-00905: missing keyword

-- a mark that SQL does not have
-- offset: yes
select id from t where n = ?;
ORA-00911: ?: invalid character after =
offset 27

select q'[what's this? {}]' from dual;
what's this? {}

-- INSERT
insert t values (1, 2, 'x');
ORA-00925: missing INTO keyword

-- offset: yes
insert into t (id) value (1);
ORA-00926: missing VALUES keyword
offset 19

insert into t (id) values ();
ORA-00936: missing expression

insert into t (id, n) values (1);
ORA-00947: not enough values

insert into t values (1, 2, 'x', 4);
ORA-00913: too many values

insert into t (id, nosuch) values (1, 2);
ORA-00904: "NOSUCH": invalid identifier

insert into t x (id) values (1);
1 rows

insert into t (id, id) values (1, 2);
ORA-00957: duplicate column name

-- UPDATE and DELETE
update t n = 1;
ORA-00971: missing SET keyword

-- offset: yes
update t set n 1 where id = 1;
ORA-00927: missing equal sign
offset 15

update t set n = where id = 1;
ORA-00936: missing expression

update t set nosuch = 1;
ORA-00904: "NOSUCH": invalid identifier

delete t where id = 99;
0 rows

delete from t where;
ORA-00936: missing expression

-- names
-- offset: yes
select nosuch from t;
ORA-00904: "NOSUCH": invalid identifier
offset 7

-- offset: yes
select x.id from t;
ORA-00904: "X"."ID": invalid identifier
offset 7

select "id" from t;
ORA-00904: "id": invalid identifier

-- offset: yes
select id from nosuch;
ORA-00942: table or view "PAIRS_MISTAKES"."NOSUCH" does not exist
offset 15

select id from t, u;
ORA-00918: ID: column ambiguously specified - appears in T and U

-- values
insert into t values (1, 1, 'abc');
1 rows

select id from t where s = 1;
ORA-01722: unable to convert string value containing abc to a number:

select to_number('12x') from dual;
ORA-01722: unable to convert string value containing 12x to a number:

select 1 / 0 from dual;
ORA-01476: divisor is equal to zero

-- grouping
select count(*), id from t;
ORA-00937: not a single-group group function

select s, n, count(*) from t group by s;
ORA-00979: "T"."N": must appear in the GROUP BY clause or be used in an aggregate function

select id from t where count(*) > 1;
ORA-00934: group function is not allowed here

-- definitions
-- offset: yes
create tabel x (id number);
ORA-00901: invalid CREATE command
offset 7

drop tabel x;
ORA-00950: invalid DROP option

alter tabel x add y number;
ORA-00940: invalid ALTER command

create table x id number;
ORA-00906: missing left parenthesis

create table x (id numbr);
ORA-00902: invalid datatype

create table x (id number;
ORA-00907: missing right parenthesis

create table x (id varchar2);
ORA-00906: missing left parenthesis

create table t (id number);
ORA-00955: name is already used by an existing object

drop table nosuch;
ORA-00942: table or view "PAIRS_MISTAKES"."NOSUCH" does not exist

selct * from t;
ORA-00900: invalid SQL statement

-- PL/SQL names line and column
begin
  dbms_output.put_line(x);
end;
/
ORA-06550: line 2, column 24:
PLS-00201: identifier 'X' must be declared
ORA-06550: line 2, column 3:
PL/SQL: Statement ignored

begin
  insert into t values (1, 2);
end;
/
ORA-06550: line 2, column 3:
PL/SQL: ORA-00947: not enough values
ORA-06550: line 2, column 3:
PL/SQL: SQL Statement ignored

begin
  update nosuch set a = 1;
end;
/
ORA-06550: line 2, column 10:
PL/SQL: ORA-00942: table or view "PAIRS_MISTAKES"."NOSUCH" does not exist
ORA-06550: line 2, column 3:
PL/SQL: SQL Statement ignored

declare
  x number;
begin
  x := 'abc';
end;
/
ORA-06502: PL/SQL: value or conversion error: character to number conversion error
ORA-06512: at line 4

declare
  x number;
begin
  select n into x from t where id = -1;
end;
/
ORA-01403: no data found
ORA-06512: at line 4
