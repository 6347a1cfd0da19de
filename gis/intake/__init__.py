"""Files in: readers, datum, checks, load."""
