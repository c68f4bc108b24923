"""SQL: from Oracle's text to rows, on SQLite."""
