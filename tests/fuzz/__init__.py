"""Fuzzers of the emulator: bytes of the wire, and texts of SQL and PL/SQL. ``make fuzz`` runs them."""
