"""Data Guard: redo from the primary to its standbys, roles, redirected DML."""
