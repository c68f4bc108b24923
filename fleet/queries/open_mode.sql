-- Whether redo is applied: READ ONLY WITH APPLY. Needs SELECT on V_$DATABASE.
SELECT open_mode FROM v$database
