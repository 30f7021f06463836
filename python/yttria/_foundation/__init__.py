"""Checks, spellings and file writing for every room; none of it is public."""
