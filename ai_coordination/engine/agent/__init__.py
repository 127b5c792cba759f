"""One step of an agent: claim, complete, fail, answer and release."""
