"""What is drawn: one file per map layer, and what they share."""
