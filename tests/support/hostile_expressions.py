"""Expressions that would take minutes or gigabytes, and how each is refused."""

from typing import Any, Final, NamedTuple

DOUBLED = "|".join(["[@,@][]"] * 10)
NEST = "|".join(["[@,@]"] * 55)
LONG = "y" * 1_000_000
TWO_LONG: Final = {"a": LONG + "a", "b": LONG + "b"}
PAIRS = "[{k:a},{k:b}]|" + DOUBLED
# Python writes neither their sum nor the text of it.
LONG_NUMBERS: Final = {"a": [9 * 10**4_299] * 2}


def nested(levels: int) -> list[Any]:
    """A list in a list, and so on."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


class Hostile(NamedTuple):
    """An expression, what it is evaluated over, and a part of why it fails."""

    expression: str
    context: Any
    refused: str


VISITS = "more than 200,000 visits"
BYTES = "more than 8,000,000 bytes"
READS = "more than 32,000,000 characters"
DEEP = "nests more than 64 levels deep"

HOSTILE: Final = {
    "a list doubled a hundred times": Hostile("|".join(["[@,@][]"] * 100), {"a": 1}, DEEP),
    "a list doubled thirty times": Hostile("|".join(["[@,@][]"] * 30), {"a": 1}, VISITS),
    "a nest": Hostile(NEST, {}, VISITS),
    "a nest as text": Hostile(NEST + "|to_string(@)", {}, VISITS),
    "two nests compared": Hostile(f"{{a: {NEST}, b: {NEST}}} | a == b", {}, VISITS),
    "a nest looked for": Hostile(f"{{a: {NEST}, b: {NEST}}} | contains([a], b)", {}, VISITS),
    "a text doubled by join": Hostile("|".join(["join('',[@,@])"] * 60), "ab", BYTES),
    "parentheses": Hostile("(" * 490 + "a" + ")" * 490, {}, DEEP),
    "brackets": Hostile("[" * 490 + "a" + "]" * 490, {}, DEEP),
    "negations": Hostile("!" * 900 + "a", {}, DEEP),
    "stars": Hostile("*" + ".*" * 490, {}, DEEP),
    "a deep literal": Hostile("`" + "[" * 990 + "`", {}, "is no JSON"),
    "too long": Hostile("a" * 1_001, {}, "1,001 of at most 1,000 characters"),
    "a step of none": Hostile("a[::0]", {"a": [1]}, "slice step cannot be zero"),
    "a number and a text": Hostile("`5` > 'x'", {}, "a number is compared with a text"),
    "an answer that is a text": Hostile("a > `5`", {"a": "7"}, "a text is compared with a number"),
    "long texts sorted": Hostile(f"[a,b]|{DOUBLED}|sort(@)", TWO_LONG, READS),
    "long texts as keys": Hostile(f"{PAIRS}|sort_by(@,&k)", TWO_LONG, READS),
    "the longest": Hostile(f"{PAIRS}|max_by(@,&k)", TWO_LONG, READS),
    "long texts compared": Hostile(f"[{{k:a,l:b}},{{k:b,l:a}}]|{DOUBLED}|[?k>l]", TWO_LONG, READS),
    "long texts searched": Hostile(f"{PAIRS}|[?contains(k,'zzz')]", TWO_LONG, READS),
    "long numbers": Hostile(f"[{{k:a}}]|{DOUBLED}|[*].to_number(k)", {"a": "9" * 4_000}, READS),
    "JSON of many objects": Hostile("json(a)", {"a": f"[{'{},' * 100_000}0]"}, BYTES),
    "JSON read many times": Hostile(
        f"[{{k:a}}]|{DOUBLED}|[*].json(k)", {"a": f"[{'{},' * 100}0]"}, BYTES
    ),
    "letters that need more memory": Hostile("lower(a)", {"a": "é" * 700_000}, BYTES),
    "characters that JSON escapes": Hostile("to_string([a])", {"a": "\x01" * 700_000}, BYTES),
    "a wide character in a long text": Hostile("join('', [a, '😀'])", {"a": LONG * 2}, BYTES),
    "a long list flattened": Hostile("a[]", {"a": [1] * 2_000_000}, BYTES),
    "a long list cut": Hostile("a[1:] | [0]", {"a": [1] * 2_000_000}, BYTES),
    "a long list sorted": Hostile("sort(a)", {"a": [1] * 2_000_000}, VISITS),
    "a long list added up": Hostile("sum(a)", {"a": [1] * 2_000_000}, VISITS),
    "a long list reversed": Hostile("reverse(a)", {"a": [1] * 2_000_000}, BYTES),
    "a long list as result": Hostile("a", {"a": [1] * 2_000_000}, VISITS),
    "a long text as result": Hostile("a", {"a": LONG * 9}, BYTES),
    "many members merged": Hostile("merge(a, a)", {"a": dict.fromkeys(range(50_000))}, BYTES),
    "many names": Hostile("keys(a)", {"a": dict.fromkeys(range(1_100_000))}, BYTES),
    "many objects": Hostile("a[*].{a:@,b:@,c:@,d:@}", {"a": [1] * 30_000}, VISITS),
    "an infinite number": Hostile("sum(a)", {"a": [1e308, 1e308]}, "infinite or none at all"),
    "a long number": Hostile("sum(a)", LONG_NUMBERS, "more than 4,300 digits"),
    "a long number as text": Hostile("to_string(sum(a))", LONG_NUMBERS, "4,300 digits"),
    "a long number in a list": Hostile("[[sum(a)]]", LONG_NUMBERS, "4,300 digits"),
    "a deep value": Hostile("{a: [[a]]}", {"a": nested(498)}, "more than 500 levels deep"),
    "a number that overflows": Hostile("avg(a)", {"a": [10**400, 1e3]}, "cannot be evaluated: int"),
    "a text that is no number": Hostile("a - b", {}, "cannot be read"),
    "no value at all": Hostile("&a", {}, "a `&` expression"),
    "no value in a list": Hostile("[&a]", {}, "a `&` expression"),
    "an empty expression": Hostile("", {}, "it is empty"),
    "half an expression": Hostile("a.", {}, "ends too early"),
    "an unknown function": Hostile("system('ls')", {}, "Unknown function: system()"),
    "null for a function": Hostile("length(a)", {}, "length() takes a text or a list or an"),
    "null to merge": Hostile(
        "merge(a, b)", {"a": {}}, "merge() takes an object, and was given null"
    ),
    "a list to merge": Hostile("merge(a, ['kv'])", {"a": {}}, "an object, and was given a list"),
    "texts and numbers as keys": Hostile(
        "max_by(a, &@)", {"a": [1, "x"]}, "compared with a number"
    ),
    "numbers and texts to sort by": Hostile("sort_by(a, &@)", {"a": ["x", 1]}, "with a number"),
    "too few values": Hostile("contains(a)", {}, "contains() takes 2 values, and was given 1"),
    "a number in a text": Hostile("contains('a', `1`)", {}, "looks for a number in a text"),
}
