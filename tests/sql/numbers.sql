-- sums are exact
select 0.1 + 0.2, 1 / 3 * 3, 10 / 4 from dual;
0.3 | 0.9999999999999999999999999999999999999999 | 2.5

-- a NUMBER holds 38 digits and a little more
select 12345678901234567890123456789012345678 + 1 from dual;
12345678901234567890123456789012345679

select 1 / 3 from dual;
0.3333333333333333333333333333333333333333

select 2 / 3 from dual;
0.6666666666666666666666666666666666666667

-- rounding is away from zero
select round(2.5), round(-2.5), round(1234.567, 2), round(1234.567, -2), trunc(-2.7), trunc(2.789, 2) from dual;
3 | -3 | 1234.57 | 1200 | -2 | 2.78

-- division and remainder
select mod(7, 3), mod(-7, 3), mod(7, 0), floor(-1.5), ceil(-1.5), sign(-3), abs(-3), power(2, 10) from dual;
1 | -1 | 7 | -2 | -1 | -1 | 3 | 1024

select 1 / 0 from dual;
ORA-01476: divisor is equal to zero

-- text becomes a number and the other way
select '1' + 1, 1 || '', to_number('1e3'), to_char(0.5), to_char(-1234.5) from dual;
2 | 1 | 1000 | .5 | -1234.5

-- number formats
select to_char(1234.5, 'FM9990.00'), '[' || to_char(7, '099') || ']', to_char(12345, '999') from dual;
1234.50 | [ 007] | ####

-- a column rounds to its scale and refuses more digits
create table n (a number(5, 2));

insert into n values (1.005);

insert into n values (-1.004);

select a from n order by a;
-1
1.01

insert into n values (1000);
ORA-01438: value 1000 greater than specified precision (5, 2) for column A

drop table n;

-- 38 digits
select 99999999999999999999999999999999999999 + 0, -99999999999999999999999999999999999999 from dual;
99999999999999999999999999999999999999 | -99999999999999999999999999999999999999

select 12345678901234567890123456789012345678 * 10, 12345678901234567890 * 1000000000000000001 from dual;
123456789012345678901234567890123456780 | 12345678901234567902345678901234567890

select 99999999999999999999999999999999999999 - 99999999999999999999999999999999999998 from dual;
1

select sum(n) from (select 10000000000000000000000000000000000001 n from dual union all select 6.5 from dual);
10000000000000000000000000000000000007.5

create table wide (n number(38), f number(38,10), s number(5,-2), d number);

insert into wide values (99999999999999999999999999999999999999, 1234567890123456789012345678.0123456789, 12345, 1 / 3);
1 rows

select n, f, s, round(d * 3, 39) from wide;
99999999999999999999999999999999999999 | 1234567890123456789012345678.0123456789 | 12300 | 1

insert into wide (n) values (100000000000000000000000000000000000000);
ORA-01438: value 100000000000000000000000000000000000000 greater than specified precision (38, 0) for column N

insert into wide (n) values (0.5);
1 rows

select n from wide where n < 10;
1

select count(*) from wide where n = 99999999999999999999999999999999999999 and n > 99999999999999999999999999999999999998;
1

-- trailing zeros and signs are nothing
select 1.50 + 0, -0, 0.10, 1e3, 1.5e-3, +7 from dual;
1.5 | 0 | 0.1 | 1000 | 0.0015 | 7
