create table dept (id number primary key, name varchar2(10));

create table emp (id number primary key, dept number, sal number);

insert into dept values (1, 'one');

insert into dept values (2, 'two');

insert into dept values (3, 'three');

insert into emp values (10, 1, 100);

insert into emp values (11, 1, 200);

insert into emp values (12, 2, 300);

insert into emp values (13, null, 400);

-- ROWNUM limits before ordering
select id from (select id from emp order by sal desc) where rownum <= 2;
13
12

select id from emp where rownum < 1;
no rows

-- FETCH FIRST and OFFSET
select id from emp order by id offset 1 rows fetch next 2 rows only;
11
12

select id from emp order by id fetch approx first 1 rows only with target accuracy 90;
10

-- outer joins
select d.name, e.id from dept d left join emp e on e.dept = d.id order by d.id, e.id;
one | 10
one | 11
two | 12
three | NULL

select d.name, e.id from dept d right outer join emp e on e.dept = d.id where d.id is null;
NULL | 13

select count(*) from dept d full join emp e on e.dept = d.id;
5

select d.name, e.id from dept d, emp e where e.dept(+) = d.id and e.sal(+) > 150 order by d.id;
one | 11
two | 12
three | NULL

-- analytic functions
select id, row_number() over (partition by dept order by sal desc) rn from emp where dept is not null order by id;
10 | 2
11 | 1
12 | 1

select ntile(2) over (order by id) from emp order by id;
1
1
2
2

select id, lag(id) over (order by id), lead(id, 1, 0) over (order by id) from emp order by id;
10 | NULL | 11
11 | 10 | 12
12 | 11 | 13
13 | 12 | 0

select min(id), max(id), count(*) from (select id, ntile(2) over (order by id) t from emp) group by t order by 1;
10 | 11 | 2
12 | 13 | 2

select id, sum(sal) over (order by id) from emp order by id;
10 | 100
11 | 300
12 | 600
13 | 1000

select rank() over (order by dept), dense_rank() over (order by dept) from emp order by id;
1 | 1
1 | 1
3 | 2
4 | 3

-- hints are comments
select /*+ full(e) parallel(4) nosuchhint */ count(*) from emp e;
4

insert /*+ append */ into emp (id) values (99);
1 rows

-- set operations
select 1 a from dual union select 1 from dual union all select 2 from dual minus select 2 from dual;
1

select dept from emp intersect select id from dept order by 1;
1
2

-- columns are named by their text
-- columns: COUNT(*), X, MAX(ID)+1
select count(*), max(id) x, max(id) + 1 from emp;
COUNT(*), X, MAX(ID)+1
4 | 13 | 14

-- errors say where
-- offset: 7
select nosuch from emp;
ORA-00904: "NOSUCH": invalid identifier
offset 7

-- offset: 14
select id from nosuch;
ORA-00942: table or view "PAIRS_QUERIES"."NOSUCH" does not exist
offset 15

-- a subquery of several rows
select (select id from emp) from dual;
ORA-01427: single-row subquery returns more than one row

-- the clock stands still within a statement
select case when sysdate = sysdate and systimestamp = systimestamp then 'same' end from dual;
same

select date '2024-03-01' - 1, trunc(date '2024-02-29', 'MM'), add_months(date '2024-01-31', 1) from dual;
2024-02-29 00:00:00 | 2024-02-01 00:00:00 | 2024-02-29 00:00:00

select round((date '2024-01-02' + 1/24 - date '2024-01-01') * 24) from dual;
25
