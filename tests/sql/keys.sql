create table t (id number constraint t_pk primary key, u number constraint t_u unique, a number, b varchar2(5), constraint t_ab unique (a, b));

insert into t select level, level * 10, level, 'x' from dual connect by level <= 3;

create table child (id number primary key, t_u number constraint child_t references t (u));

insert into child values (1, 30);

-- keys are looked at when the statement has ended
update t set id = id + 1;
3 rows

select id, u from t order by id;
2 | 10
3 | 20
4 | 30

update t set id = 6 - id, a = 6 - id where u < 40;
3 rows

select id, u, a from t order by id;
2 | 30 | 2
3 | 20 | 3
4 | 10 | 4

update t set a = 5 - a + 1, b = 'x';
3 rows

update t set u = case u when 10 then 20 when 20 then 10 else u end;
3 rows

select id, u from t order by id;
2 | 30
3 | 10
4 | 20

-- a key that two rows have at the end
update t set id = 7;
ORA-00001: unique constraint (PAIRS_KEYS.T_PK) violated on table PAIRS_KEYS.T columns (ID)

update t set u = 20 where u = 10;
ORA-00001: unique constraint (PAIRS_KEYS.T_U) violated on table PAIRS_KEYS.T columns (U)

select id, u from t order by id;
1 | 10
2 | 20
3 | 30

-- a parent's key that nobody has at the end
update t set u = u + 5, id = id + 1;
ORA-02292: integrity constraint (PAIRS_KEYS.CHILD_T) violated - child record found

select id, u from t order by id;
1 | 10
2 | 20
3 | 30

-- a parent's key may pass to another row
update t set u = case u when 10 then 20 when 20 then 30 else 10 end;
3 rows

select t.id, t.u, child.id from t left join child on child.t_u = t.u order by t.id;
1 | 20 | NULL
2 | 30 | 1
3 | 10 | NULL

-- rows that exchange keys, one statement after another
update t set u = 99 where u = 10;
1 rows

update t set u = 10 where u = 20;
1 rows

update t set u = 20 where u = 99;
1 rows

select id, u from t order by id;
1 | 20
2 | 10
3 | 30
