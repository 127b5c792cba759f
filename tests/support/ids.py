"""Names of parametrised cases."""

LONGEST = 40


def short(value: object) -> str:
    """Return a value as the name of a case: at most 40 characters, and how long the value is."""
    # A set has another order in each process, and all of a run must name the same cases.
    text = ascii(sorted(value) if isinstance(value, set | frozenset) else value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... of {len(text)}"
