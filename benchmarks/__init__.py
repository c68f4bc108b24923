"""Commands that measure; what they print is kept below docs/reference with the command that made it."""
