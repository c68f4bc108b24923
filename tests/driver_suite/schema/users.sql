-- The users of the suite: the main one, and one through which it connects as a proxy.
CREATE USER &main_user IDENTIFIED BY "&main_password" QUOTA UNLIMITED ON users;
CREATE USER &proxy_user IDENTIFIED BY "&proxy_password";
GRANT CREATE SESSION, CREATE TABLE, CREATE PROCEDURE, CREATE TYPE, CREATE VIEW TO &main_user;
GRANT SELECT ANY DICTIONARY TO &main_user;
GRANT CREATE SESSION TO &proxy_user;
ALTER USER &proxy_user GRANT CONNECT THROUGH &main_user;
