create table t (a number, b number, ch char(5), v varchar2(4), c clob, u1 number, u2 number, unique (u1, u2));

insert into t (a, b, ch, v, c, u1, u2) values (1, 2, 'ab', 'ab', 'text', 1, null);

-- sizes of VARCHAR2 are bytes unless CHAR is said
create table sized (a varchar2(3), b varchar2(3 char), c char(4));

insert into sized (a) values ('äö');
ORA-12899: value too large for column "PAIRS_ANSWERS_REFUSED"."SIZED"."A" (actual: 4, maximum: 3)

insert into sized (b) values ('äöü');
1 rows

insert into sized (c) values ('äö');
1 rows

drop table sized;

-- CHAR compares with blanks filled in when both sides are CHAR
select count(*) from t where ch = 'ab';
1

select count(*) from t where ch in ('x', 'ab') and ch between 'ab' and 'ab';
1

select count(*) from t where ch = v;
0

select case when 'a ' = 'a' then 'same' else 'other' end from dual;
same

select cast('a' as char(3)) || '!', cast('abcd' as varchar2(2)) from dual;
a  ! | ab

-- a column is set once
update t set a = 1, a = 2;
ORA-00957: duplicate column name

-- IN needs something
select a from t where a in ();
ORA-00936: missing expression

-- a column that a subquery has twice
select x from (select a x, b x from t) s;
ORA-00918: X: column ambiguously specified - appears in S and S

-- precision ends at 38
create table wide (n number(50));
ORA-01727: numeric precision specifier is out of range (1 to 38)

-- END of a block needs its semicolon
begin null; end
/
ORA-06550: line 1, column 16:
PLS-00103: Encountered the symbol "end-of-file" when expecting one of the following:
   ;

-- LOBs do not compare
select distinct c from t;
ORA-00932: expression is of data type CLOB, which is incompatible with expected data type CHAR

select a from t order by c;
ORA-00932: expression is of data type CLOB, which is incompatible with expected data type CHAR

select count(*) from t group by c;
ORA-00932: expression is of data type CLOB, which is incompatible with expected data type CHAR


-- what is Oracle's and not here is named
select sqrt(4) from dual;
ORA-03001: unimplemented feature: function SQRT is not emulated

select nosuch(4) from dual;
ORA-00904: "NOSUCH": invalid identifier

create table no (id number, twice number generated always as (id * 2));
ORA-03001: unimplemented feature: GENERATED of a column, other than AS IDENTITY is not emulated

create table no (id number, n number as (id + 1));
ORA-03001: unimplemented feature: AS of a column is not emulated

create table no (id number primary key deferrable);
ORA-03001: unimplemented feature: DEFERRABLE of a column is not emulated
