"""Blind spots: rules, refresh, summary, and the check of files."""
