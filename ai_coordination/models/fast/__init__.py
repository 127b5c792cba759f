"""Speeding up pynamodb and botocore. Without it everything works the same, only slower."""
