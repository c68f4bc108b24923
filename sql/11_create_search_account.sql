-- run this script as a DBA on the primary PDB, after loading the models; asks for &search and &searchpass
-- optional: an account for the search that can only read; its TEXT_MODEL is adgvec.cliptxt, its IMAGE_MODEL adgvec.clipimg
set verify off
define owner = adgvec
create user if not exists &search identified by &searchpass;
grant create session to &search;
grant read on &owner..pictures to &search;
grant read on &owner..picture_embeddings to &search;
grant select on mining model &owner..cliptxt to &search;
grant select on mining model &owner..clipimg to &search;
create or replace synonym &search..pictures for &owner..pictures;
create or replace synonym &search..picture_embeddings for &owner..picture_embeddings;
