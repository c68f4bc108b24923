-- run this script as a DBA on the primary PDB, after 06 and after loading the models; asks for &worker and &workerpass
-- optional: an account for workers that can embed and nothing else, so that no worker needs the owner's password;
-- its IMAGE_MODEL is adgvec.clipimg
set verify off
define owner = adgvec
create user if not exists &worker identified by &workerpass;
grant create session to &worker;
-- granted directly: what comes by a role does not count inside a stored procedure
grant select on &owner..pictures to &worker;
grant select, insert on &owner..picture_embeddings to &worker;
grant select, insert on &owner..embedding_failures to &worker;
grant select on mining model &owner..clipimg to &worker;
create or replace synonym &worker..pictures for &owner..pictures;
create or replace synonym &worker..picture_embeddings for &owner..picture_embeddings;
create or replace synonym &worker..embedding_failures for &owner..embedding_failures;
-- its own copy of the procedure: under redirection the current user must be the one who logged on (ORA-16397)
alter session set current_schema = &worker;
@@06_process_embedding_range.sql
