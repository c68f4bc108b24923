-- On a primary the SCN of now, on a standby the SCN up to which redo is applied. Needs SELECT on V_$DATABASE.
SELECT current_scn FROM v$database
