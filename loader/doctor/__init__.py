"""Checks an installation before its first use: databases, accounts, models, redirection, Redis."""
