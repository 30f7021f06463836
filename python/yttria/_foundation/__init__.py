"""Checks, spellings and file writing that every room needs and no user calls."""
