"""What can be changed: inputs, payloads and mutations, one file an entity."""
