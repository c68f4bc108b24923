"""The search page and its HTTP API; needs the extra ``web``."""
