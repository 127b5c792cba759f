"""The parameters of template.yaml, and the values that it refuses."""

import re
from collections.abc import Mapping
from typing import Any

from tests.docs.pages import page
from tests.support.cases import each
from tests.support.templates import FUNCTION, RESOURCES, ROOT, TEMPLATE

PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
TENANT = {"EndpointId": "acme", "PartId": "sales"}
TOKENS = {"JwtIssuer": "https://issuer.example", "JwtAudience": "engine"}
CONSOLE = {"Console": "true", "ConsoleClientId": "console"}


def test_every_parameter_is_used() -> None:
    text = (ROOT / "template.yaml").read_text()

    unused = [
        name
        for name in TEMPLATE["Parameters"]
        if not re.search(rf"!Ref {name}\b|\${{{name}}}", text)
    ]

    assert unused == []


def test_each_value_of_a_parameter_that_the_api_gets_makes_a_version_that_is_kept() -> None:
    rest = {name: value for name, value in FUNCTION.items() if name != "VersionDescription"}

    used = _references(rest) & PARAMETERS.keys()

    # Prices are too long for the description: who changes them gives another number.
    written = (used - {"ModelPrices"}) | {"ModelPricesVersion"}
    assert _references(FUNCTION["VersionDescription"]) & PARAMETERS.keys() == written
    assert RESOURCES["ApiFunction"]["UpdateReplacePolicy"] == "Retain"


def _references(value: Any) -> set[str]:
    """What `!Ref` and `!Sub` name, as deep as they are."""
    if isinstance(value, list):
        return {name for one in value for name in _references(one)}
    if not isinstance(value, dict):
        return set()
    text = value.get("Sub", "")
    text = text[0] if isinstance(text, list) else text
    found = set(re.findall(r"\$\{(\w+)\}", text)) | ({value["Ref"]} if "Ref" in value else set())
    return found | {name for one in value.values() for name in _references(one)}


def test_no_parameters_make_a_longer_description_of_a_version_than_lambda_takes() -> None:
    text, parts = FUNCTION["VersionDescription"]["Sub"]
    condition, *branches = parts["Tenant"]["If"]

    for name in ("Hosts", "Models", "Events"):
        _, *switch = parts[name]["If"]
        text = text.replace(f"${{{name}}}", max(switch, key=len))
    for name in ("Schema", "Snap", "Client", "Log"):
        letters, key, value = parts[name]["FindInMap"]
        assert value == {"Ref": key}
        assert TEMPLATE["Mappings"][letters][key].keys() == set(_values(key))
        text = text.replace(f"${{{name}}}", max(TEMPLATE["Mappings"][letters][key].values()))
    longest = {
        _longest(text.replace("${Tenant}", branch["Sub"]), PARAMETERS) for branch in branches
    }

    assert condition == "HasTokens"
    assert max(longest) == 256  # Lambda takes no more


def _values(name: str) -> list[str]:
    return [str(value) for value in PARAMETERS[name]["AllowedValues"]]


def _longest(text: str, parameters: Mapping[str, Any]) -> int:
    """How long a `!Sub` of parameters can be: what their lengths and values allow."""
    lengths = {
        name: max(len(value) for value in given["AllowedValues"])
        if "AllowedValues" in given
        else int(given["MaxLength"])
        for name, given in parameters.items()
        if given["Type"] == "String"
    }
    return len(re.sub(r"\$\{(\w+)\}", lambda found: "x" * lengths[found[1]], text))


@each("name", PARAMETERS)
def test_a_parameter_has_values_a_range_or_a_pattern_that_its_default_matches(name: str) -> None:
    given = PARAMETERS[name]
    default = str(given.get("Default", "ai-coordination-"))

    if "AllowedValues" in given:
        assert default in map(str, given["AllowedValues"])
    elif given["Type"] == "Number":
        assert given["MinValue"] <= int(default) <= given.get("MaxValue", int(default))
    else:
        assert given["AllowedPattern"].startswith("^")
        assert given["AllowedPattern"].endswith("$")
        assert re.search(given["AllowedPattern"], default)
        assert given["ConstraintDescription"].startswith("must ")
        assert given["Type"] == "CommaDelimitedList" or len(default) <= given["MaxLength"]


@each("name", ["MaxBodyBytes", "MaxAnswerBytes", "MaxTokens", "MaxDepth"])
@each("value", ["0", "-1", "4e3", "1.0", "", "05", "12345678"])
def test_a_number_that_the_function_would_not_start_with_is_refused(name: str, value: str) -> None:
    given = PARAMETERS[name]

    fits = re.search(given["AllowedPattern"], value) and len(value) <= given["MaxLength"]

    assert not fits


@each(
    ("name", "value", "accepted"),
    [
        ("ConsoleScopes", "openid,offline_access,https://engine.example/read", True),
        ("ConsoleScopes", "email", False),
        ("ConsoleScopes", "openid offline_access", False),
        ("ConsoleParameters", "audience=https://engine.example,prompt=consent", True),
        ("ConsoleParameters", "audience", False),
        ("ConsoleParameters", "a=b&c=d", False),
        ("ConsoleParameters", "a=b,", False),
        ("ConsoleClientId", "two words", False),
    ],
)
def test_how_people_sign_in_is_checked_before_it_is_deployed(
    name: str, value: str, accepted: bool
) -> None:
    assert bool(re.search(PARAMETERS[name]["AllowedPattern"], value)) is accepted


@each(
    "given",
    [TENANT, TOKENS, {**TENANT, **TOKENS}, {**TOKENS, **CONSOLE}],
    ids=["a tenant", "tokens", "tokens later", "the console"],
)
def test_who_names_the_tenant_is_accepted(given: dict[str, str]) -> None:
    """A stack keeps the parameters that an update does not name: tokens may follow signatures."""
    assert refusals(given) == []


@each(
    ("given", "said"),
    [
        ({}, "EndpointId and PartId are needed"),
        ({"EndpointId": "acme"}, "EndpointId and PartId are needed"),
        ({"PartId": "sales"}, "EndpointId and PartId are needed"),
        ({"JwtIssuer": "https://issuer.example"}, "JwtIssuer needs JwtAudience"),
        ({**TENANT, "JwtAudience": "engine"}, "JwtAudience requires JwtIssuer"),
        ({**TENANT, **CONSOLE}, "Console needs JwtIssuer"),
        ({**TOKENS, "Console": "true"}, "Console needs ConsoleClientId"),
    ],
)
def test_half_a_configuration_is_refused_with_a_sentence(given: dict[str, str], said: str) -> None:
    (refusal,) = refusals(given)

    assert said in refusal


DOCUMENTS = [
    "README.md",
    "docs/guides/console-on-aws.md",
    "docs/guides/deploy.md",
    "docs/guides/first-hour-on-aws.md",
]


@each("document", DOCUMENTS)
def test_each_documented_command_gives_parameters_that_are_accepted(document: str) -> None:
    text = (ROOT / document).read_text()
    commands = re.findall(r"^ *make deploy .*PARAMETERS='([^']*)'", text, re.MULTILINE)

    assert commands
    for command in commands:
        given = dict(pair.split("=", 1) for pair in command.split())
        assert refusals(given) == []
        assert given.keys() <= PARAMETERS.keys()


def test_the_parameters_of_the_console_are_documented_with_their_defaults() -> None:
    rows = page("guides/console-on-aws").rows("With tokens: deploy it")
    (group,) = [
        one["Parameters"]
        for one in TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        if one["Label"] == {"default": "The console"}
    ]

    documented = {name: rows[name][0].strip("`") for name in group}
    assert documented == {name: PARAMETERS[name]["Default"] for name in group}


def refusals(given: Mapping[str, str]) -> list[str]:
    """The sentences of the template's rules that these parameters do not meet."""
    defaults = {name: str(one.get("Default", "")) for name, one in PARAMETERS.items()}
    values = {**defaults, **given}
    return [
        assertion["AssertDescription"]
        for rule in TEMPLATE["Rules"].values()
        if _holds(rule["RuleCondition"], values)
        for assertion in rule["Assertions"]
        if not _holds(assertion["Assert"], values)
    ]


def _holds(condition: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    ((name, given),) = condition.items()
    if name == "Equals":
        left, right = (values[one["Ref"]] if isinstance(one, dict) else one for one in given)
        return bool(left == right)
    parts = [_holds(one, values) for one in given]
    return {"Not": not parts[0], "And": all(parts), "Or": any(parts)}[name]
