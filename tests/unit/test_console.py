"""The console's files: what they ask of the API, and what they may not do."""

import hashlib
import re

from ai_coordination.api.documents import prepare
from ai_coordination.api.schema import schema
from ai_coordination.config import Settings
from ai_coordination.console.files import Files
from ai_coordination.console.page import INDEX
from tests.support import console
from tests.support.cases import each

DOCUMENTS = console.documents()
LARGEST = {"first": 100}
# Whatever makes markup or code of a text. `html` and text nodes are the only ways to show one.
UNSAFE = [
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "dangerouslySetInnerHTML",
    "document.write",
    "DOMParser",
    "createContextualFragment",
    "srcdoc",
    "eval(",
    "new Function",
]


def test_every_document_is_found() -> None:
    assert len(DOCUMENTS) == len(
        re.findall(r"graphql\(\s*`\s*(?:query|mutation)\b", console.source())
    )
    assert DOCUMENTS


@each("name", DOCUMENTS)
def test_a_document_is_valid_and_costs_less_than_half_of_what_the_api_allows(name: str) -> None:
    settings = Settings()

    document = prepare(schema.graphql_schema, DOCUMENTS[name], settings)

    for operation in document.operations.values():
        document.check_cost(operation, LARGEST, settings.max_cost // 2)


@each("unsafe", UNSAFE)
def test_no_script_makes_markup_or_code_of_a_text(unsafe: str) -> None:
    assert unsafe not in console.source()


def test_no_page_has_inline_scripts_or_styles_but_the_import_map() -> None:
    file = Files().get(INDEX)
    assert file is not None
    index = file.content.decode()

    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", index) == ['<script type="importmap">']
    assert not re.search(r"<style|\bstyle=|\bon\w+=", index)
    assert not re.search(r"\bstyle=[\"'`]", console.source())


def test_files_of_others_are_those_of_the_table() -> None:
    vendor = console.STATIC / "vendor"
    rows = re.findall(
        r"^\| (\S+\.\w+) \|.* ([0-9a-f]{64}) \|$", (vendor / "README.md").read_text(), re.MULTILINE
    )

    actual = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in vendor.glob("*.*js")
    }
    assert dict(rows) == actual


def test_every_import_is_of_a_file_that_is_served() -> None:
    for script in console.scripts():
        for imported in re.findall(r"from '(\.[^']+)'", script.read_text("utf-8")):
            path = (script.parent / imported).resolve().relative_to(console.STATIC.resolve())
            assert Files().get(path.as_posix()), f"{script.name} imports {imported}"
