"""PL/SQL: from the text of blocks and stored units to their effect."""
