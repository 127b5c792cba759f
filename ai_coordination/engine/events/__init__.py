"""Events: what happens in sessions, told to an event bus at least once."""
