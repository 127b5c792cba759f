"""The most expensive queries that are accepted: found field by field, and measured."""
