"""An emulator of an Oracle primary and its Active Data Guard standbys, for development, tests and rehearsal."""
