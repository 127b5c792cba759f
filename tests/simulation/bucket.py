"""The bucket of large texts in a simulation, in which each text is one write."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, Self

from ai_coordination.errors import TextUnavailable


class Seamed(Protocol):
    """Who is told of the moments before and after a write."""

    seam: Callable[[str], None]


class Bucket:
    """Texts by key."""

    def __init__(self, world: Seamed) -> None:
        self._world = world
        self.texts: dict[str, str] = {}

    def put(self, key: str, text: str) -> None:
        self._world.seam("before putting")
        self.texts[key] = text
        self._world.seam("after putting")

    def get(self, key: str) -> str:
        if key not in self.texts:
            raise TextUnavailable("lost")
        return self.texts[key]

    def get_start(self, key: str, characters: int) -> str:
        return self.get(key)[:characters]

    def delete_all(self, prefix: str) -> None:
        self._world.seam("before deleting texts")
        self.texts = {key: text for key, text in self.texts.items() if not key.startswith(prefix)}
        self._world.seam("after deleting texts")


class OneAfterAnother:
    """In the place of a pool of threads: a simulation has no threads."""

    def __init__(self, *given: Any, **more: Any) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        return map(work, list(items))
