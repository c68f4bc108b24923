"""Semantic search on a standby."""
