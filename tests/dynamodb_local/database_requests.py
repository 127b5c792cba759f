"""Requests that the embedded database and DynamoDB Local answer alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.dynamodb_local.side_by_side import INDEX


def s(text: str) -> dict[str, str]:
    return {"S": text}


def n(number: int | str) -> dict[str, str]:
    return {"N": str(number)}


def key(number: int) -> dict[str, Any]:
    return {"pk": s("p"), "sk": s(f"s{number}")}


KEY = key(0)
ITEM: dict[str, Any] = {
    **KEY,
    "n": n(5),
    "s": s("hello"),
    "b": {"B": b"bytes"},
    "l": {"L": [n(1), s("x")]},
    "m": {"M": {"k": s("v"), "d": {"M": {"e": n(1)}}}},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"a", b"b"]},
    "t": {"BOOL": True},
    "z": {"NULL": True},
}


@dataclass(frozen=True)
class Case:
    """An expression with its values and names."""

    text: str
    values: Mapping[str, Any] | None = None
    names: Mapping[str, str] | None = None

    def request(self, parameter: str) -> dict[str, Any]:
        request: dict[str, Any] = {parameter: self.text}
        if self.values is not None:
            request["ExpressionAttributeValues"] = self.values
        if self.names is not None:
            request["ExpressionAttributeNames"] = self.names
        return request

    def __repr__(self) -> str:
        return " ".join(map(str, filter(None, (self.text, self.values, self.names))))[:150]


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = n(1)
    for _ in range(levels):
        value = {"L": [value]}
    return value


NUMBERS = [
    *("0", "-0", "+5", ".5", "5.", "00012.500", "1e3", "1E+20", "1E-20", "9.9E+125", "1E-130"),
    *("1E126", "1E-131", "9" * 38, "1" * 39, "12345678901234567890123456789012345678" + "0" * 5),
    *("1234567890123456789012345678901234567890000", "", " 1", "abc", "NaN", "0x1", "1_0"),
    "-99999999999999999999999999999999999999",
]
VALUES: list[Any] = [
    *map(n, NUMBERS),
    *({"S": "a", "N": "1"}, {}, s(""), s("é"), s("\0"), {"NULL": True}, {"NULL": False}),
    *({"SS": []}, {"NS": []}, {"BS": []}, {"SS": ["a", "a"]}, {"SS": [""]}, {"SS": ["b", "a"]}),
    *({"NS": ["1", "1.0"]}, {"NS": ["1", "x"]}, {"NS": ["10", "9"]}, {"BS": [b"b", b"a"]}),
    *({"L": []}, {"M": {}}, {"L": [{}]}, {"M": {"": n(1)}}, {"L": [{"M": {"": n(1)}}]}),
    *(nested(30), nested(31), nested(32), nested(35)),
]
KEYS: list[Any] = [
    {"pk": s("p")},
    {},
    {"pk": s(""), "sk": s("s")},
    {"pk": s("p"), "sk": s("")},
    {"pk": n(1), "sk": s("s")},
    {"pk": s("p"), "sk": {"B": b"s"}},
    {"pk": s("p" * 2048), "sk": s("s" * 1024)},
    {"pk": s("p" * 2049), "sk": s("s")},
    {"pk": s("p"), "sk": s("s" * 1025)},
    {"pk": s("é" * 1024), "sk": s("s")},
    {"pk": {"NULL": True}, "sk": s("s")},
    {"pk": {"L": []}, "sk": s("s")},
    {"pk": {}, "sk": s("s")},
]
INDEX_KEYS: list[Any] = [s("g"), n(1), s(""), s("x" * 3000), {"NULL": True}, {"SS": ["g"]}]

X, ONE = {":a": s("x")}, {":a": n(1)}
ANY_NAME = {"#a": "s"}
UNORDERED: list[Any] = [{"BOOL": True}, {"SS": ["a"]}, {"L": []}]
CONDITIONS = [
    *(Case(text) for text in ("", " ", "a", "s = s", "size(s)", "foo(s)", "begins_with(s)")),
    *(Case(text) for text in ("s IN ()", "attribute_exists()", "attribute_exists(size(s))")),
    *(Case(text) for text in ("s = 1", "s = 'x'", 's = "x"', "ATTRIBUTE_EXISTS(s)")),
    *(Case(text) for text in ("attribute_exists(s)", "attribute_exists (s)", "size(s) = size(ss)")),
    *(Case(text) for text in ("attribute_not_exists(s)", "NOT attribute_exists(s)")),
    *(Case(text) for text in ("attribute_exists(m.k)", "attribute_exists(m.d.e)", "contains(s,s)")),
    *(Case(text) for text in ("attribute_exists(l[1])", "attribute_exists(l[2])")),
    *(
        Case(text)
        for text in ("attribute_exists(s) attribute_exists(s)", "attribute_exists(l[0].x)")
    ),
    *(Case(text, X) for text in ("a =", "a = :a AND", "a = :b", "#a = :a", "a = :a)", "a ? :a")),
    *(
        Case(text, X)
        for text in ("name = :a", "attribute_exists(:a)", "size(s) > :a", "size(:a) > :a")
    ),
    *(
        Case(text, X)
        for text in ("contains(:a, :a)", "attribute_type(s, :a)", "s IN (:a)", ":a = :a")
    ),
    *(
        Case(text, X)
        for text in ("NOT s = :a", "NOT (s = :a)", "((s = :a))", "(s = :a) AND (s = :a)")
    ),
    *(Case(text, X) for text in ("s = :a AND s = :a OR s <> :a", "s <> :a OR s = :a AND s = :a")),
    *(Case(text, X) for text in ("s and :a", "s = :a and n = :a", "not s = :a", "s in (:a)")),
    *(Case(text, X) for text in ("s between :a and :a", "attribute_exists(s) = :a", "s[0] = :a")),
    *(Case(text, X) for text in ("s[x] = :a", "s[-1] = :a", "s..a = :a", "s.a.b[1][2].c = :a")),
    *(Case(text, X) for text in ("s <> :a", "s != :a", "s == :a", "s =:a", "s=:a", "1 = :a")),
    *(
        Case(text, X)
        for text in ("s - :a = :a", "if_not_exists(s, :a) = :a", "_s = :a", "s-x = :a")
    ),
    *(Case(text, X) for text in ("size(size(s)) = :a", "begins_with(size(s), :a)", "s = :a OR")),
    *(Case(text, X) for text in ("AND s = :a", "(s = :a", "s = :a AND (n = :a", "#s = :a")),
    *(Case(text, X) for text in ("contains(s,:a,:a)", "s BETWEEN :a", "s IN :a", "s IN (:a,)")),
    *(
        Case(text, X)
        for text in ("  s   =   :a  ", "s = :a\n AND s=:a", "contains(l, :a)", "l[1] = :a")
    ),
    *(
        Case(text, ONE)
        for text in ("size(ss) > :a", "size(n) > :a", "size(z) > :a", "size(m) > :a")
    ),
    *(
        Case(text, ONE)
        for text in ("size(l) > :a", "size(b) > :a", "size(bs) > :a", "size(no) > :a")
    ),
    *(Case(text, ONE) for text in ("n > :a", "n < :a", "n >= :a", "n <= :a", "s > :a", "l > :a")),
    *(
        Case(text, ONE)
        for text in ("n <> :a", "no <> :a", "no = :a", "contains(ns, :a)", "m.d.e = :a")
    ),
    *(
        Case(text, ONE)
        for text in ("contains(l, :a)", "contains(n, :a)", "contains(s, :a)", "l[0] = :a")
    ),
    *(Case("n = :a", {":a": n(number)}) for number in ("5", "5.0", "05", "5E0", "50E-1", "6")),
    *(Case(f"n {sign} :a", {":a": n("4.99")}) for sign in ("<", ">", "=", "<>")),
    Case("s = :a", X, {"#b": "x"}),
    Case("s = :a", {":a": s("x"), ":b": s("y")}),
    Case("#a.#b = :a", X, {"#a": "m", "#b": "k"}),
    Case("#a.#b = :a", X, {"#a": "m", "#b": "m.k"}),
    Case("#a = :a", X, {"#a": ""}),
    Case("#a = :a", X, {"a": "x"}),
    Case("s = :a", {"a": s("x")}),
    Case("s = :a", {":a": n("x")}),
    Case("s = :a", {":a": {"SS": []}}),
    Case("s = :a", {":a": s("")}),
    Case("attribute_exists(s)", {}, {}),
    Case("begins_with(s, :a)", {":a": s("hel")}),
    Case("begins_with(s, :a)", {":a": s("")}),
    Case("begins_with(s, :a)", {":a": n(1)}),
    Case("begins_with(b, :a)", {":a": {"B": b"by"}}),
    Case("begins_with(n, :a)", {":a": s("5")}),
    Case("contains(s, :a)", {":a": s("ell")}),
    Case("contains(s, :a)", {":a": {"SS": ["hello"]}}),
    Case("contains(b, :a)", {":a": {"B": b"yt"}}),
    Case("contains(bs, :a)", {":a": {"B": b"a"}}),
    Case("contains(ss, :a)", {":a": s("a")}),
    Case("contains(ss, :a)", {":a": n("1")}),
    Case("contains(ns, :a)", {":a": n("1.0")}),
    Case("attribute_type(s, :a)", {":a": n(1)}),
    *(Case("attribute_type(s, :a)", {":a": s(kind)}) for kind in ("S", "N", "SS")),
    *(Case("attribute_type(z, :a)", {":a": s(kind)}) for kind in ("NULL", "BOOL")),
    Case("s BETWEEN :a AND :b", {":a": s("h"), ":b": s("i")}),
    Case("s BETWEEN :a AND :b", {":a": s("b"), ":b": s("a")}),
    Case("s BETWEEN :a AND :b", {":a": s("b"), ":b": n(1)}),
    Case("n BETWEEN :a AND :b", {":a": n("4"), ":b": n("10")}),
    Case("s IN (:a, :b)", {":a": s("x"), ":b": s("hello")}),
    *(Case("s < :a", {":a": value}) for value in UNORDERED),
    *(Case("ss = :a", {":a": {"SS": elements}}) for elements in (["b", "a"], ["a"])),
    *(Case("ns = :a", {":a": {"NS": elements}}) for elements in (["2", "1.0"], ["1"])),
    Case("l = :a", {":a": {"L": [n("1.0"), s("x")]}}),
    Case("m = :a", {":a": {"M": {"d": {"M": {"e": n(1)}}, "k": s("v")}}}),
    Case("t = :a AND z = :b", {":a": {"BOOL": True}, ":b": {"NULL": True}}),
    Case("x IN (" + ",".join([":a"] * 101) + ")", X),
    Case("attribute_exists(x)" + " AND attribute_exists(x)" * 170),
]

LIST, SET = {":a": {"L": [s("y")]}}, {":a": {"SS": ["c", "a"]}}
UPDATES = [
    *(Case(text) for text in ("", "SET", "SET x = no", "SET x = size(l)", "REMOVE", "REMOVE sk")),
    *(Case(text) for text in ("SET l = list_append(l, l)", "SET n = n + n", "SET x = n - n")),
    *(
        Case(text)
        for text in ("SET l = list_append(list_append(l,l), l)", "SET x = m.d", "ADD n n")
    ),
    *(Case(text) for text in ("SET x = if_not_exists(x, no)", "SET x = attribute_exists(s)")),
    *(Case(text) for text in ("SET x = l[0], y = l[1]", "SET l[1] = l[0], l[0] = l[1]")),
    *(
        Case(text)
        for text in ("SET x = if_not_exists(x)", "SET x = list_append(l)", "DELETE ss ss")
    ),
    *(Case(text) for text in ("REMOVE s, n", "REMOVE l[0]", "REMOVE l[0], l[1]", "REMOVE l[9]")),
    *(Case(text) for text in ("REMOVE l[1], l[0]", "REMOVE m.k", "REMOVE m.no", "REMOVE no.x")),
    *(
        Case(text)
        for text in ("REMOVE s.x", "REMOVE s[0]", "REMOVE no", "REMOVE s, s", "SET s = s")
    ),
    *(Case(text, ONE) for text in ("SET x = :a", "set x = :a", "SET x = :a, x = :a")),
    *(Case(text, ONE) for text in ("SET x = :a SET y = :a", "SET x = :a, y = n", "SET n = n + :a")),
    *(Case(text, ONE) for text in ("SET n = n - :a", "SET n = n+:a", "SET n = n + :a + :a")),
    *(Case(text, ONE) for text in ("SET n = (n + :a)", "SET n = s + :a", "SET n = no + :a")),
    *(Case(text, ONE) for text in ("SET x = if_not_exists(x, :a)", "SET n = :a - n")),
    *(Case(text, ONE) for text in ("SET x = if_not_exists(n, :a) + :a", "SET x = :a + :a")),
    *(Case(text, ONE) for text in ("SET x = n + if_not_exists(q, :a)", "SET x = -:a")),
    *(
        Case(text, ONE)
        for text in ("SET x = if_not_exists(:a, :a)", "SET x = if_not_exists(a.b, :a)")
    ),
    *(Case(text, ONE) for text in ("SET x = if_not_exists(x, if_not_exists(n, :a))",)),
    *(
        Case(text, ONE)
        for text in ("SET x = if_not_exists(l[0], :a)", "SET l = list_append(l, :a)")
    ),
    *(Case(text, ONE) for text in ("SET l[0] = :a", "SET l[7] = :a", "SET l[7] = :a, l[5] = n")),
    *(Case(text, ONE) for text in ("SET l[0] = :a, l[1] = :a", "SET m.k = :a", "SET m.q = :a")),
    *(Case(text, ONE) for text in ("SET m.d.e = :a, m.k = :a", "SET m.no.x = :a", "SET s.x = :a")),
    *(
        Case(text, ONE)
        for text in ("SET no.x = :a", "SET no[0] = :a", "SET s[0] = :a", "SET name = :a")
    ),
    *(Case(text, ONE) for text in ("SET m = :a, m.k = :a", "SET m.k = :a REMOVE m")),
    *(Case(text, ONE) for text in ("SET m[0] = :a, m.k = :a", "SET pk = :a", "SET pk.x = :a")),
    *(Case(text, ONE) for text in ("ADD n :a", "add n :a", "ADD no :a", "ADD s :a", "ADD m.x :a")),
    *(Case(text, ONE) for text in ("ADD l[0] :a", "ADD n :a, n :a", "DELETE n :a", "FOO x = :a")),
    *(Case(text, ONE) for text in ("SET x :a", "SET x = ", "SET x = :a,", "SET x = :a REMOVE")),
    *(Case(text, ONE) for text in ("SET x = :a foo", "SET :a = :a", "SET x = :b", "SET #x = :a")),
    *(Case(text, ONE) for text in ("SET x = y = :a", "SET x =:a,y=:a", "REMOVE s SET x = :a")),
    *(
        Case(text, ONE)
        for text in ("SET x = :a  ,  y =  :a  REMOVE  s", "REMOVE l[0] SET l[1] = :a")
    ),
    *(Case(text, X) for text in ("SET x = contains(s, :a)", "SET x = foo(s, :a)", "ADD n :a")),
    *(Case(text, X) for text in ("SET g = :a",)),
    *(Case(text, LIST) for text in ("SET l = list_append(l, :a)", "SET l = list_append(:a, l)")),
    *(Case(text, LIST) for text in ("SET l = list_append(s, :a)", "SET l = list_append(no, :a)")),
    *(Case(text, LIST) for text in ("SET x = list_append(if_not_exists(q, :a), :a)", "ADD l :a")),
    *(Case(text, SET) for text in ("ADD ss :a", "ADD no :a", "DELETE ss :a", "DELETE no :a")),
    *(Case(text, SET) for text in ("DELETE s :a", "ADD ns :a", "DELETE ns :a", "ADD n :a")),
    Case("DELETE ss :a", {":a": {"SS": ["a", "b"]}}),
    Case("DELETE bs :a", {":a": {"BS": [b"a"]}}),
    Case("ADD ns :a", {":a": {"NS": ["2", "3"]}}),
    Case("SET x = m.no", None),
    Case("SET no.x = no", None),
    Case("SET x = :a", {":a": n(1), ":b": n(2)}),
    Case("SET x = :a", ONE, {"#b": "x"}),
    Case("SET #a = :a", ONE, {"#a": "s"}),
    Case("ADD n :a", {":a": n("9" * 38)}),
    Case("SET n = n + :a", {":a": n("0." + "0" * 43 + "1")}),
    Case("SET n = :a", {":a": n("9" * 38)}),
    Case("SET l[9] = :a, l[8] = :b", {":a": s("nine"), ":b": s("eight")}),
    Case("SET v = :a", {":a": s("x" * 420_000)}),
    Case(
        "SET x = :a, m.k = :a, l[0] = :a REMOVE s ADD n :a DELETE ss :b",
        {":a": n(1), ":b": {"SS": ["a"]}},
    ),
]

PROJECTIONS = [
    *("s", "s,n", "s, s", "m.k", "m.k, m", "m.d.e, m.k", "l[0]", "l[1], l[0]", "l[5]", "no", ""),
    *("s,", "#a", ":a", "size(s)", "m.d,m.d.e", "l[0].x", "name", "s n", "n . x", "m, s, l[1]"),
]

ROWS = [
    {
        **key(number),
        "n": n(number),
        "x": s("x"),
        "y": s("y"),
        "g": s("g"),
        # The last one is not in the index.
        **({"r": n(10 - number)} if number < 4 else {}),
    }
    for number in range(5)
]
_P, _S = {":p": s("p")}, {":p": s("p"), ":s": s("s2")}
_ALL = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": _P}
_INDEX = {
    "IndexName": INDEX,
    "KeyConditionExpression": "g = :g",
    "ExpressionAttributeValues": {":g": s("g")},
}


def _where(text: str, values: Mapping[str, Any] = _S, **more: Any) -> dict[str, Any]:
    return {"KeyConditionExpression": text, "ExpressionAttributeValues": values, **more}


def _filtered(text: str, **values: Any) -> dict[str, Any]:
    given = {**_P, **{f":{name}": value for name, value in values.items()}}
    return {**_ALL, "ExpressionAttributeValues": given, "FilterExpression": text}


def _after(start: Any, query: Mapping[str, Any] = _ALL) -> dict[str, Any]:
    return {**query, "ExclusiveStartKey": start}


QUERIES: list[dict[str, Any]] = [
    _ALL,
    *({**_ALL, "Limit": limit} for limit in (1, 2, 5, 6, 0, -1)),
    *({**_ALL, "Limit": 2, "ProjectionExpression": text} for text in ("sk", "n, x", "no", "")),
    *({**_ALL, "Select": select} for select in ("COUNT", "ALL_ATTRIBUTES", "ANYTHING")),
    {**_ALL, "Select": "ALL_PROJECTED_ATTRIBUTES"},
    {**_ALL, "Select": "SPECIFIC_ATTRIBUTES"},
    {**_ALL, "Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "sk"},
    {**_ALL, "Select": "COUNT", "ProjectionExpression": "sk"},
    {**_ALL, "ConsistentRead": True},
    *(_where(f"pk = :p AND sk {sign} :s") for sign in ("=", "<", "<=", ">", ">=", "<>")),
    *(_where(text) for text in ("pk = :p AND begins_with(sk, :s)", "sk = :s AND pk = :p")),
    *(_where(text) for text in ("pk = :p AND sk BETWEEN :s AND :s", "(pk = :p) AND (sk = :s)")),
    *(_where(text) for text in ("((pk = :p) AND sk = :s)", ":p = pk AND sk = :s", "sk > :s")),
    *(
        _where(text)
        for text in ("pk = :p AND :s < sk", "pk = :p and sk = :s", "pk > :p AND sk = :s")
    ),
    *(
        _where(text)
        for text in ("pk = :p OR sk = :s", "NOT pk = :p AND sk = :s", "pk = :p AND n = :s")
    ),
    *(_where(text) for text in ("pk = :p AND sk = :s AND sk = :s", "pk = :p AND sk IN (:s)")),
    *(_where(text) for text in ("pk = :p AND contains(sk, :s)", "pk = :p AND size(sk) = :s")),
    *(_where(text) for text in ("pk.x = :p AND sk = :s", "pk = :p AND pk = :s")),
    *(_where(text, _P) for text in ("", "pk = :p AND attribute_exists(sk)", "pk =", "pk = :q")),
    _where("pk = :p AND begins_with(sk, :s)", {":p": s("p"), ":s": s("s")}),
    _where("pk = :p AND sk BETWEEN :a AND :b", {**_P, ":a": s("s1"), ":b": s("s3")}),
    _where("pk = :p AND sk BETWEEN :a AND :b", {**_P, ":a": s("z"), ":b": s("a")}),
    _where("pk = :p AND sk = :s", {**_P, ":s": n(1)}),
    _where("pk = :p", {":p": n(1)}),
    _where("pk = :p", {":p": s("")}),
    _where("pk = :p AND sk = :s", {**_P, ":s": s("")}),
    _where("pk = :p AND begins_with(sk, :s)", {**_P, ":s": s("")}),
    _where("pk = :p", {**_P, ":z": s("")}),
    {"KeyConditionExpression": "pk = :p"},
    {},
    _filtered("n > :n", n=n(2)),
    {**_filtered("n > :n", n=n(2)), "Limit": 4},
    {**_filtered("n > :n", n=n(2)), "Limit": 1},
    {**_filtered("n > :n", n=n(2)), "Select": "COUNT"},
    *(_filtered(text) for text in ("n > :n", "pk = :p", "", "foo bar", "attribute_exists(r)")),
    _filtered("sk > :s", s=s("s2")),
    _INDEX,
    {**_INDEX, "Limit": 2},
    {**_INDEX, "ConsistentRead": True},
    *({**_INDEX, "ProjectionExpression": text} for text in ("x", "y", "pk, r")),
    *({**_INDEX, "Select": select} for select in ("ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")),
    {
        **_INDEX,
        "ExpressionAttributeValues": {":g": s("g"), ":y": s("y")},
        "FilterExpression": "y = :y",
    },
    {
        **_INDEX,
        "ExpressionAttributeValues": {":g": s("g"), ":x": s("x")},
        "FilterExpression": "x = :x",
    },
    {**_INDEX, "IndexName": "nothing"},
    {**_INDEX, "KeyConditionExpression": "pk = :g"},
    *(
        _where(f"g = :g AND r {sign} :r", {":g": s("g"), ":r": n("9.0")}, IndexName=INDEX)
        for sign in ("=", "<", "<=", ">", ">=")
    ),
    _where("g = :g AND begins_with(r, :r)", {":g": s("g"), ":r": n(9)}, IndexName=INDEX),
    _where("g = :g AND begins_with(r, :r)", {":g": s("g"), ":r": s("9")}, IndexName=INDEX),
    *map(_after, [key(1), key(9), {"pk": s("q"), "sk": s("s1")}, {"pk": s("p")}, {}]),
    *map(
        _after, [{"pk": s("p"), "sk": n(1)}, {**key(1), "x": s("y")}, {"pk": s("p"), "sk": s("")}]
    ),
    _after(key(0), _where("pk = :p AND sk > :s")),
    _after(key(4), _where("pk = :p AND sk < :s")),
    _after({"g": s("g"), "r": n(8), **key(2)}, _INDEX),
    _after({"g": s("h"), "r": n(8), **key(2)}, _INDEX),
    _after({"g": s("g"), "r": n("8.5"), **key(9)}, _INDEX),
    _after(key(2), _INDEX),
]

BATCHES: list[dict[str, Any]] = [
    {"Keys": [key(3), key(1), key(9)]},
    {"Keys": [key(3), key(1)], "ConsistentRead": True, "ProjectionExpression": "n"},
    {"Keys": [key(3), key(3)]},
    {"Keys": []},
    {"Keys": [{"pk": s("p")}]},
    {"Keys": [key(number) for number in range(101)]},
    {"Keys": [key(1)], "ProjectionExpression": "#a"},
    {"Keys": [key(1)], "ProjectionExpression": "#a", "ExpressionAttributeNames": {"#a": "n"}},
    {"Keys": [key(1)], "ExpressionAttributeNames": {"#a": "n"}},
]

_ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
_PRESENT = {"ConditionExpression": "attribute_exists(pk)"}
_OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _put(number: int, **more: Any) -> dict[str, Any]:
    return {"Put": {"Item": {**key(number), "n": n(1)}, **more}}


def _add(number: int, **more: Any) -> dict[str, Any]:
    update = {"UpdateExpression": "ADD n :a", "ExpressionAttributeValues": ONE}
    return {"Update": {"Key": key(number), **update, **more}}


def _delete(number: int, **more: Any) -> dict[str, Any]:
    return {"Delete": {"Key": key(number), **more}}


def _check(number: int, **more: Any) -> dict[str, Any]:
    return {"ConditionCheck": {"Key": key(number), **more}}


TRANSACTIONS: list[list[dict[str, Any]]] = [
    [],
    [{}],
    [_put(1), _add(0), _delete(2)],
    [_put(0, **_ABSENT), _add(1)],
    [_put(0, **_ABSENT, **_OLD), _add(1), _put(2, **_PRESENT, **_OLD)],
    [_put(1), _add(1)],
    [_check(0)],
    [_check(0, **_PRESENT), _put(1)],
    [_check(1, **_PRESENT), _put(2)],
    [_check(0, ConditionExpression="")],
    [_delete(0, **_ABSENT, **_OLD)],
    [_put(1), {"Put": {"Item": {"pk": s("p")}}}],
    [_put(1), {"Put": {"Item": {**key(2), "v": n("x")}}}],
    [_put(1), {"Put": {"Item": {**key(2), "v": {"SS": []}}}}],
    [_put(1), {"Put": {"Item": {**key(2), "g": n(1)}}}],
    [_put(1), {"Put": {"Item": {**key(2), "v": s("x" * 420_000)}}}],
    [_put(number) for number in range(100)],
    [_put(number) for number in range(101)],
    [{"Put": {"Item": {**key(number), "v": s("x" * 390_000)}}} for number in range(12)],
    [{**_put(1), **_delete(2)}],
    [_add(1, UpdateExpression="SET n = :a, ")],
    [_add(1, UpdateExpression="SET n = :b")],
    [_add(1, UpdateExpression="")],
    [_add(1, ExpressionAttributeNames={"#u": "x"})],
    [_put(1, ConditionExpression="n = :b")],
    [_add(1, ExpressionAttributeValues=X)],
    [{"Update": {"Key": key(1)}}],
]
