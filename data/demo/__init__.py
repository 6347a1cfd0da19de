"""The synthetic street: seeded, believable, with planted flaws."""
