"""Many small cases of one thing as one test: for cases that are quicker than a test around them."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from tests.support.ids import short

Test = Callable[..., None]


def each(
    names: str | Sequence[str], cases: Iterable[Any], ids: Any = short
) -> Callable[[Test], Test]:
    """Run a test for each case, as `pytest.mark.parametrize` does, but inside of one test.

    All cases run, and the test fails with the errors of those that fail, each named. They share the
    fixtures, so this is for cases that leave nothing behind.
    """
    own = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    given = list(cases)
    if not given:
        raise ValueError(f"there are no cases of {names}")
    if any(hasattr(case, "marks") for case in given):
        raise ValueError(f"a case of {names} may have a mark, so it is a test of its own")
    values = [case if len(own) > 1 else (case,) for case in given]
    name_of = ids if callable(ids) else dict(enumerate(ids)).__getitem__

    def decorate(test: Test) -> Test:
        @wraps(test)
        def all_cases(**fixtures: Any) -> None:
            failed = []
            for number, case in enumerate(values):
                try:
                    test(**fixtures, **dict(zip(own, case, strict=True)))
                except Exception as error:  # noqa: BLE001 - each case has its own
                    named = [name_of(one) for one in case] if callable(ids) else [name_of(number)]
                    error.add_note(f"In case {number}: {'-'.join(map(str, named))}")
                    failed.append(error)
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(values)} cases", failed)

        signature = inspect.signature(test)
        kept = [one for name, one in signature.parameters.items() if name not in own]
        all_cases.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return all_cases

    return decorate
