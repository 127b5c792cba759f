"""The documents and the code avoid the phrases that the glossary rules out."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import CODE, PAGES, ROOT, Page, name_of, page
from tests.support.cases import each

PACKAGE = ROOT / "ai_coordination"
PHRASES = page("concepts/glossary").rows("Phrases to avoid")
# From Python 3.12 on, the texts of an f-string are tokens of their own.
PROSE = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
AVOIDED = re.compile(rf"\b({'|'.join(PHRASES)})(s|ed|ing)?\b", re.IGNORECASE)


def _prose(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments and strings of a Python file, each with its line.

    None of a file that nowhere has a phrase to avoid: to take it apart takes far longer.
    """
    code = file.read_text("utf-8")
    if not AVOIDED.search(" ".join(code.split())):
        return
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type in PROSE:
            yield token.start[0], " ".join(token.string.split())


@each("one", PAGES, ids=name_of)
def test_a_page_has_no_phrase_to_avoid(one: Page) -> None:
    prose = CODE.sub("", one.prose)

    assert [match[0] for match in AVOIDED.finditer(prose)] == []


def test_the_code_has_no_phrase_to_avoid() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {match[0]}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line, text in _prose(file)
        for match in AVOIDED.finditer(text)
    ]

    assert len(PHRASES) == 18
    assert found == []
