"""Installs `sql/`, loads pictures and models."""
