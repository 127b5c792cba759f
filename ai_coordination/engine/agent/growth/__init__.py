"""What a rule of an agent adds in front of it, and the results."""
