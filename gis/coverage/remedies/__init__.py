"""Repairs of blind spots: computed, previewed, proposed, applied; or handed to somebody as a task."""
