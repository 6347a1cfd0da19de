"""What happens on the map: hazards, disputes, enforcement cases and matters, each with its owner and its clock."""
