"""Tools of models: the rounds of a conversation, and what its tools are."""
