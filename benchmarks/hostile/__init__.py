"""Find and measure the most expensive queries that the limits accept."""
