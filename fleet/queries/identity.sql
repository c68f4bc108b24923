-- Role and name of the database that the session is in; no privilege needed.
SELECT SYS_CONTEXT('USERENV', 'DATABASE_ROLE'), SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME') FROM dual
