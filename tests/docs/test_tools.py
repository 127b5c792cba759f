"""The tools that make and check the site: the GraphQL reference, and the check of the pages."""

import hashlib
import re
from pathlib import Path

import pytest
import yaml
from graphql import GraphQLEnumType, GraphQLObjectType, build_schema

from ai_coordination.api.schema import schema
from docs_tools import check_site, graphql_reference
from tests.docs.pages import ROOT

SERVED = schema.graphql_schema
PAGES = graphql_reference.pages(build_schema(graphql_reference.SCHEMA.read_text()))
SMALL = '''
"""The root."""
type Query {
  "Reads a <thing> for `a_b`."
  thing("Its key." key: ID!, kind: Kind = BIG): Thing
  things: ThingConnection!
}
type Mutation { "Makes it." createThing(input: CreateThingInput!): CreateThingPayload! }
input CreateThingInput { "Its | name." name: String! }
type CreateThingPayload { thing: Thing! }
type ThingConnection { nodes: [Thing!]! }
"A thing."
type Thing { "Its size." size(unit: Kind): Int }
enum Kind { "Not small." BIG SMALL }
scalar DateTime
'''


def sections(page: str) -> list[str]:
    return re.findall(r"^## (\w+)$", page, re.MULTILINE)


def test_every_operation_type_and_value_is_in_the_reference() -> None:
    assert SERVED.query_type
    assert SERVED.mutation_type
    kinds = {name: one for name, one in SERVED.type_map.items() if not name.startswith("__")}

    assert sections(PAGES["queries.md"]) == sorted(SERVED.query_type.fields)
    assert sections(PAGES["mutations.md"]) == sorted(SERVED.mutation_type.fields)
    for name, kind in kinds.items():
        if isinstance(kind, GraphQLEnumType):
            section = PAGES["enums-and-scalars.md"].split(f"\n## {name}\n")[1].split("\n## ")[0]
            assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [*kind.values]
        if isinstance(kind, GraphQLObjectType) and "id" in kind.fields:
            assert name in sections(PAGES["objects.md"])


def test_the_first_page_lists_all_others() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    pages = re.findall(r"- (?:.+: )?(\S+\.md)$", navigation, re.MULTILINE)
    listed = (ROOT / "docs/index.md").read_text().partition("## All pages")[2]

    # The indexes of these two folders list what is in them.
    in_an_index = re.compile(r"index\.md|reference/graphql/(?!index)|internals/decisions/\d")
    expected = [page for page in pages if not in_an_index.match(page)]
    assert len(expected) > 40
    assert re.findall(r"\]\(([^)#]+)\)", listed) == expected


def test_the_reference_links_types_and_keeps_their_texts() -> None:
    pages = graphql_reference.pages(build_schema(SMALL))

    assert pages["queries.md"] == (
        "# Queries\n\n"
        "## thing\n\n"
        "Reads a \\<thing\\> for `a_b`.\n\n"
        "Returns [`Thing`](objects.md#thing).\n\n"
        "| argument | type | default | meaning |\n|---|---|---|---|\n"
        "| `key` | `ID!` |  | Its key. |\n"
        "| `kind` | [`Kind`](enums-and-scalars.md#kind) | `BIG` |  |\n\n"
        "## things\n\n"
        "Returns [`ThingConnection!`](objects.md#thing).\n"
    )
    assert pages["mutations.md"] == (
        "# Mutations\n\n"
        "## createThing\n\n"
        "Makes it.\n\n"
        "Returns `thing`: [`Thing!`](objects.md#thing).\n\n"
        "Takes `input`, [`CreateThingInput`](inputs.md#creatething" + "input):\n\n"
        "| field | type | default | meaning |\n|---|---|---|---|\n"
        "| `name` | `String!` |  | Its \\| name. |\n"
    )
    assert sections(pages["objects.md"]) == ["Thing"]
    assert "| `size` | `Int` | Its size. Arguments: `unit`. |" in pages["objects.md"]
    assert "## DateTime" in pages["enums-and-scalars.md"]


def test_the_pages_are_written_as_files(tmp_path: Path) -> None:
    graphql_reference.write(tmp_path / "made")

    assert {path.name: path.read_text() for path in (tmp_path / "made").iterdir()} == PAGES


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site in which everything is right."""
    pages = {
        "index.html": '<a href="a/#part">A</a> <a href="https://example.com/x">X</a><p id="top">',
        "a/index.html": '<h2 id="part"></h2><a href="..">up</a><a href="../#top">top</a>'
        '<a href="#part">here</a><script src="../app.js"></script><img src="data:image/png;,">',
        "404.html": '<a href="/anywhere">gone</a>',
        "style.css": "a { background: url(data:image/svg+xml;x) } b { src: url('app.js') }",
        "app.js": "",
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_site_without_faults_passes(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_site.main(site) == 0

    assert capsys.readouterr() == ("2 pages, 4 internal links, 0 wrong\n", "")


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('<a href="b/">B</a>', "index.html: b/: no such page"),
        ('<a href="a/#other">A</a>', "index.html: a/#other: no such anchor"),
        ('<a href="#nothing">A</a>', "index.html: #nothing: no such anchor"),
        (
            '<script src="https://cdn.example/x.js"></script>',
            "index.html loads https://cdn.example/x.js",
        ),
        ('<img src="//cdn.example/x.png">', "index.html loads //cdn.example/x.png"),
        (
            '<link rel="stylesheet" href="https://fonts.example/x">',
            "index.html loads https://fonts.example/x",
        ),
        (
            '<link rel="preconnect" href="https://fonts.example">',
            "index.html loads https://fonts.example",
        ),
        (
            '<p style="background: url(https://x.example/a.png)">',
            "index.html loads https://x.example/a.png",
        ),
        ('<script src="gone.js"></script>', "index.html loads gone.js, which is missing"),
    ],
)
def test_a_fault_of_a_page_is_found(
    site: Path, capsys: pytest.CaptureFixture[str], added: str, said: str
) -> None:
    with (site / "index.html").open("a") as page:
        page.write(added)

    assert check_site.main(site) == 1
    assert capsys.readouterr().err == f"{said}\n"


@pytest.mark.parametrize(
    "rule", ['@import "https://x.example/a.css";', "a{src:url(//x.example/f)}"]
)
def test_a_style_sheet_that_loads_from_elsewhere_is_found(
    site: Path, capsys: pytest.CaptureFixture[str], rule: str
) -> None:
    (site / "style.css").write_text(rule)

    assert check_site.main(site) == 1
    assert capsys.readouterr().err.startswith("style.css loads ")


def test_a_folder_without_pages_fails(tmp_path: Path) -> None:
    assert check_site.main(tmp_path) == 1


def test_the_site_has_every_page_in_its_navigation() -> None:
    text = re.sub(r"!!python/name:\S+", "x", (ROOT / "mkdocs.yml").read_text())
    docs = ROOT / "docs"
    generated = {f"reference/graphql/{name}" for name in PAGES}

    written = {str(path.relative_to(docs)) for path in docs.rglob("*.md")}

    assert sorted(_named(yaml.safe_load(text)["nav"])) == sorted(written | generated)


def _named(entries: object) -> list[str]:
    if isinstance(entries, str):
        return [entries]
    if isinstance(entries, dict):
        entries = list(entries.values())
    assert isinstance(entries, list)
    return [name for one in entries for name in _named(one)]


def test_the_bundle_that_draws_diagrams_is_the_released_one() -> None:
    assets = ROOT / "docs" / "assets"

    digest = hashlib.sha256((assets / "mermaid.tiny.js").read_bytes()).hexdigest()

    assert f"sha256: {digest}" in (assets / "NOTICE.txt").read_text()
    assert (assets / "licences" / "mermaid.txt").read_text().startswith("The MIT License")
