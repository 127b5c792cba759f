"""Write this version's corpus: `python -m tests.compatibility.write`. Keep an existing file."""

import sys

from ai_coordination import __version__
from ai_coordination.engine.session import start
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from tests.compatibility import embedded, files
from tests.compatibility.completion import ends, finish
from tests.compatibility.files import Chapter, Corpus, Kept
from tests.compatibility.life import Life, Moment
from tests.compatibility.reading import documents, said
from tests.compatibility.scenarios import IN_CHUNKS, SCENARIOS, Scenario
from tests.support.bucket import texts_bucket

# What the others would say is said in these.
HEARD = frozenset({"large", "built_by_hand", "outside", "scheduled", "asked_twice", "beating"})


def write() -> str:
    """The path of what is written. Raises FileExistsError."""
    path = files.path_of(__version__)
    if path.exists():
        raise FileExistsError(f"{path} stays as it is: a new version has a file of its own")
    chapters = [chapter(number, *one) for number, one in enumerate(SCENARIOS.items(), start=1)]
    files.write(Corpus(__version__, documents(), chapters), path)
    return str(path)


def chapter(number: int, name: str, scenario: Scenario) -> Chapter:
    """What a scenario leaves behind."""
    chunk = 1 if name in IN_CHUNKS else start.CHUNK
    life = Life(number, chunk)
    with life.running():
        scenario(life)
        life.keep()
    last = life.moments[-1]
    later = Life(0, chunk)
    with later.running():
        later.go_on_from(last)
        firings = [(event, later.fire(event)) for event in life.events]
    return Chapter(
        name=name,
        chunk=chunk,
        moments=[_kept(moment, chunk) for moment in life.moments],
        firings=firings,
        sessions=len(later.all_sessions()),
        repeats=[(one.mutation, one.given, one.gives) for one in life.repeats],
        answers=_heard(last) if name in HEARD else {},
    )


def _kept(moment: Moment, chunk: int) -> Kept:
    """With its end, which is the same where messages are lost."""
    by_messages, by_sweeps = Life(0, chunk), Life(0, chunk)
    for life in (by_messages, by_sweeps):
        with life.running():
            life.go_on_from(moment, without_messages=life is by_sweeps)
            finish(life)
    found = ends(by_messages, moment)
    assert ends(by_sweeps, moment) == found
    return Kept(moment, found, needs_no_sweep=not by_messages.found)


def _heard(moment: Moment) -> dict[str, dict[str, object]]:
    with EmbeddedAws(everything=True):
        create_tables()
        with texts_bucket():
            embedded.load(moment)
            said_now: dict[str, dict[str, object]] = said(embedded.told(moment, documents()))
            return said_now


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{write()}\n")
    except FileExistsError as error:
        sys.exit(str(error))
