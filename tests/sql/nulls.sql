create table t (id number primary key, s varchar2(10), n number, d date);

insert into t values (1, 'a', 10, date '2024-01-31');

insert into t values (2, '', 20, date '2024-02-29');

insert into t values (3, 'c', null, null);

-- the empty string is NULL
select '', nvl('', 'null'), length(''), 'a' || '' || 'b' from dual;
NULL | null | NULL | ab

select id from t where s is null;
2

select id from t where s = '';
no rows

-- NULL in conditions is unknown
select count(*) from t where n = null or n <> 10;
1

select id from t where id not in (1, null);
no rows

select case null when null then 'same' else 'unknown' end, decode(null, null, 'same') from dual;
unknown | same

-- NULL in aggregates
select count(*), count(n), sum(n), avg(n), min(n), max(n) from t;
3 | 2 | 30 | 15 | 10 | 20

select sum(n) from t where id > 100;
NULL

-- NULLs come last ascending and first descending
select n from t order by n;
10
20
NULL

select n from t order by n desc nulls last;
20
10
NULL

-- NULL in functions
select nvl2(null, 1, 2), coalesce(null, null, 3), nullif(1, 1), greatest(1, null) from dual;
2 | 3 | NULL | NULL

-- a key of several columns is compared where some of them are NULL, not where all are
create table pairs (a number, b varchar2(5), c number, constraint pairs_uq unique (a, b));

insert into pairs values (1, null, 1);
1 rows

insert into pairs values (1, null, 2);
ORA-00001: unique constraint (PAIRS_NULLS.PAIRS_UQ) violated on table PAIRS_NULLS.PAIRS columns (A, B)

insert into pairs values (null, 'x', 3);
1 rows

update pairs set b = null, a = 1 where c = 3;
ORA-00001: unique constraint (PAIRS_NULLS.PAIRS_UQ) violated on table PAIRS_NULLS.PAIRS columns (A, B)

insert into pairs values (null, null, 4);
1 rows

insert into pairs values (null, null, 5);
1 rows

create unique index pairs_ix on pairs (b, c);

insert into pairs values (2, null, 4);
ORA-00001: unique constraint (PAIRS_NULLS.PAIRS_IX) violated on table PAIRS_NULLS.PAIRS columns (B, C)

insert into pairs values (2, null, null);
1 rows

insert into pairs values (3, null, null);
1 rows
