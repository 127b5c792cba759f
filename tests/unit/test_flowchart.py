"""Flowcharts: boxes, groups and edges, whatever the names."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_coordination import flowchart
from ai_coordination.flowchart import Box, Group, Part
from ai_coordination.states import SessionAgentState, UserInTheLoop

# A busy machine may stop for longer than hypothesis lets one example take.
UNHURRIED = settings(deadline=None)


def test_a_task_is_drawn_with_its_people_and_its_side_paths() -> None:
    boxes = [
        Box("Product retrieval"),
        Box("Translation", user_in_the_loop=UserInTheLoop.APPROVAL),
        Box("Audit", primary_path=False),
        Box("Offer", user_in_the_loop=UserInTheLoop.INPUT),
    ]

    assert flowchart.mermaid(boxes, [(0, 1), (0, 2), (1, 3), (2, 3), (0, 1)]) == (
        "flowchart TD\n"
        '    n0["Product retrieval"]\n'
        '    n1{{"Translation #40;approval#41;"}}\n'
        '    n2["Audit"]\n'
        '    n3{{"Offer #40;input#41;"}}\n'
        "    n0 --> n1\n"
        "    n0 -.-> n2\n"
        "    n1 --> n3\n"
        "    n2 --> n3\n"
    )


def test_a_session_is_drawn_in_the_colours_of_its_states() -> None:
    boxes = [Box("a", "completed"), Box("b", "in_progress"), Box("c", "completed"), Box("d")]

    assert flowchart.mermaid(boxes, [(0, 1)], "LR") == (
        "flowchart LR\n"
        '    n0["a"]:::completed\n'
        '    n1["b"]:::in_progress\n'
        '    n2["c"]:::completed\n'
        '    n3["d"]\n'
        "    n0 --> n1\n"
        "    classDef completed fill:#d1fae5,stroke:#059669,color:#111827\n"
        "    classDef in_progress fill:#dbeafe,stroke:#2563eb,color:#111827\n"
    )


def test_every_state_of_an_agent_has_a_colour_of_its_own() -> None:
    assert set(flowchart.COLOURS) == set(SessionAgentState)
    assert len(set(flowchart.COLOURS.values())) == len(SessionAgentState)


def test_an_unknown_state_is_drawn_without_a_colour() -> None:
    drawn = flowchart.mermaid([Box("a", state="dreaming\nclick n0 x")], [])

    assert drawn == 'flowchart TD\n    n0["a"]\n'


def test_nothing_is_drawn_as_an_empty_chart() -> None:
    assert flowchart.mermaid([], []) == "flowchart TD\n"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ('say "hi"', "say #34;hi#34;"),
        ('"]; n9["x', "#34;#93;#59; n9#91;#34;x"),
        ("end", "end"),
        ("a\r\n\tb\u2028c", "a b c"),
        ("  wide   name ", "wide name"),
        ("#quot;", "#35;quot#59;"),
        ("`**bold**`", "#96;#42;#42;bold#42;#42;#96;"),
        ("1. first", "1#46; first"),
        ("snake_case", "snake#95;case"),
        ("<script>x</script>", "#60;script#62;x#60;#47;script#62;"),
        ('%%{init: {"a":1}}%%', "#37;#37;#123;init#58; #123;#34;a#34;#58;1#125;#125;#37;#37;"),
        # The parser takes `direction LR` for a statement even inside quotes.
        ("direction LR", "direction#32;LR"),
        ("redirection TD now", "redirection#32;TD now"),
        ("Straße 日本語", "Straße 日本語"),
        ("party 🎉", "party #127881;"),
        ("", "#63;"),
        (" \n ", "#63;"),
    ],
)
def test_a_name_is_escaped_so_that_it_is_drawn_as_it_is(name: str, label: str) -> None:
    assert flowchart.escaped(name) == label


def test_a_long_name_is_cut_to_80_characters() -> None:
    assert flowchart.escaped("x" * 80) == "x" * 80
    assert flowchart.escaped("x" * 81) == "x" * 79 + "#8230;"
    assert flowchart.escaped('"' * 100_000) == "#34;" * 79 + "#8230;"


def test_groups_are_frames_around_boxes_and_groups_and_edges_lead_to_them_too() -> None:
    boxes = [Box("a"), Box("b", primary_path=False), Box("c", "failed"), Box("d")]
    inner = Group(1, "In [it]", boxes=[2])
    outer = Group(0, "Round 1", boxes=[1], groups=[inner])

    drawn = flowchart.mermaid(boxes, [(0, outer), (inner, 1), (outer, 3)], groups=[outer])

    assert drawn == (
        "flowchart TD\n"
        '    n0["a"]\n'
        '    n3["d"]\n'
        '    subgraph g0["Round 1"]\n'
        '        n1["b"]\n'
        '        subgraph g1["In #91;it#93;"]\n'
        '            n2["c"]:::failed\n'
        "        end\n"
        "    end\n"
        "    n0 --> g0\n"
        "    g1 -.-> n1\n"
        "    g0 --> n3\n"
        "    classDef failed fill:#fee2e2,stroke:#dc2626,color:#111827\n"
    )


def test_notes_are_shown_behind_the_name_each_of_bounded_length() -> None:
    boxes = [
        Box("a", notes=["x < 1", "y" * 81]),
        Box("b", user_in_the_loop=UserInTheLoop.INPUT, notes=["z"]),
    ]

    assert flowchart.mermaid(boxes, []) == (
        "flowchart TD\n"
        f'    n0["a #40;x #60; 1#59; {"y" * 79}#8230;#41;"]\n'
        '    n1{{"b #40;input#59; z#41;"}}\n'
    )


LABEL = r"\"(?:[^\W_]| |#\d+;)+\""
LINE = re.compile(
    r"flowchart TD"
    rf"|    n\d+(\[{LABEL}\]|\{{\{{{LABEL}\}}\}})(:::[a-z_]+)?"
    r"|    [ng]\d+ (-->|-\.->) [ng]\d+"
    rf"|    subgraph g\d+\[{LABEL}\]|    end"
    r"|    classDef [a-z_]+ [a-z0-9:#,\- ]+"
)
NASTY = st.lists(
    st.one_of(
        st.sampled_from(
            ['"', '"]', "\n", "`", "#", ";", "direction LR", "direction TD ", "end", "%%", "}}"]
        ),
        st.text(max_size=5),
    ),
    max_size=20,
).map("".join)


@UNHURRIED
@given(
    st.lists(
        st.builds(
            Box,
            NASTY,
            st.sampled_from([None, *SessionAgentState]),
            st.sampled_from([None, *UserInTheLoop]),
            st.booleans(),
            st.lists(NASTY, max_size=2),
        ),
        max_size=5,
    )
)
def test_whatever_the_names_each_line_is_one_of_five_harmless_forms(boxes: list[Box]) -> None:
    edges: list[tuple[Part, Part]] = [
        (before, after) for after in range(len(boxes)) for before in range(after)
    ]
    # Each box is in a frame with its name; the frames follow each other.
    groups = [Group(index, box.name, boxes=[index]) for index, box in enumerate(boxes)]
    edges += pairwise(groups)

    lines = flowchart.mermaid(boxes, edges, groups=groups).splitlines()

    states = {box.state for box in boxes if box.state}
    framed = [line.replace("        n", "    n", 1) for line in lines]
    assert all(LINE.fullmatch(line) for line in framed)
    assert not any(re.search(r"direction\s+(TB|BT|RL|LR|TD)", line) for line in lines)
    assert len(lines) == 1 + 3 * len(boxes) + len(edges) + len(states)


@UNHURRIED
@given(NASTY)
def test_an_escaped_name_reads_as_the_name_on_one_line(name: str) -> None:
    read = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), flowchart.escaped(name))

    line = " ".join(name.split()) or "?"
    assert read == (line if len(line) <= 80 else line[:79] + "…")
