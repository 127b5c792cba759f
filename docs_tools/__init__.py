"""Tools that generate and check parts of the documentation site."""
