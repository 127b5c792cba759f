"""template.yaml deploys what the code uses: its tables, its settings, its package."""

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ai_coordination import models
from ai_coordination.config import Settings

ROOT = Path(__file__).parent.parent
ACCOUNT = "111122223333"
QUEUE = "https://sqs.eu-central-1.amazonaws.com/111122223333/messages"
ROLE = "arn:aws:iam::111122223333:role/scheduler"
DEAD_LETTERS = "arn:aws:sqs:eu-central-1:111122223333:dead"
NOT_THE_APIS = {"region", "api_function"}  # Lambda sets it; the worker alone tells agents


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` is read as {"Ref": "X"}."""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.ScalarNode)
    return {name: loader.construct_scalar(node)}


_Loader.add_multi_constructor("!", _short_form)


def _template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Loader)
    return loaded


TEMPLATE = _template()
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTION: dict[str, Any] = RESOURCES["ApiFunction"]["Properties"]
WORKER: dict[str, Any] = RESOURCES["WorkerFunction"]["Properties"]
OWN_FUNCTION = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
WORKER_ARN = OWN_FUNCTION + "${AWS::StackName}-worker"
OWN_TIMERS = (
    "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${Schedules}/*"
)
TABLES: dict[str, Any] = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::DynamoDB::Table"
}


def _default(value: Any) -> str:
    """What a setting is where nobody gives the stack a parameter."""
    known = {
        "AWS::AccountId": ACCOUNT,
        "AWS::StackName": "ai-coordination",
        "Messages": QUEUE,
        "Texts": "texts",
        "Schedules": "schedules",
        "ScheduleRole.Arn": ROLE,
        "DeadMessages.Arn": DEAD_LETTERS,
        WORKER_ARN: WORKER_ARN,
    }
    (name,) = value.values()
    return known.get(name) or str(TEMPLATE["Parameters"][name]["Default"])


def _of_the_template(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "attributes": {
            attribute["AttributeName"]: attribute["AttributeType"]
            for attribute in properties["AttributeDefinitions"]
        },
        "keys": _keys(properties["KeySchema"]),
        "indexes": {
            index["IndexName"]: (_keys(index["KeySchema"]), _projection(index["Projection"]))
            for index in properties.get("GlobalSecondaryIndexes", ())
        },
    }


def _of_the_model(table: type[models.Table]) -> dict[str, Any]:
    schema: dict[str, Any] = dict(table._get_schema())
    return {
        "attributes": {
            attribute["AttributeName"]: attribute["AttributeType"]
            for attribute in schema["attribute_definitions"]
        },
        "keys": _keys(schema["key_schema"]),
        "indexes": {
            index["index_name"]: (_keys(index["key_schema"]), _projection(index["projection"]))
            for index in schema["global_secondary_indexes"]
        },
    }


def _keys(key_schema: list[dict[str, str]]) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in key_schema}


def _projection(projection: Mapping[str, Any]) -> tuple[str, list[str]]:
    return projection["ProjectionType"], sorted(projection.get("NonKeyAttributes", ()))


def _name(properties: Mapping[str, Any]) -> str:
    return str(properties["TableName"]["Sub"])


def test_each_model_has_its_table_and_each_table_its_model() -> None:
    prefix = Settings().table_prefix

    deployed = {_name(properties) for properties in TABLES.values()}

    names = {table.Meta.table_name.removeprefix(prefix) for table in models.TABLES}
    assert deployed == {"${TablePrefix}" + name for name in names}
    assert TEMPLATE["Parameters"]["TablePrefix"]["Default"] == prefix


@pytest.mark.parametrize("table", models.TABLES, ids=lambda table: table.__name__)
def test_a_table_has_the_keys_and_indexes_of_its_model(table: type[models.Table]) -> None:
    name = "${TablePrefix}" + table.Meta.table_name.removeprefix(Settings().table_prefix)

    deployed = next(table for table in TABLES.values() if _name(table) == name)

    assert _of_the_template(deployed) == _of_the_model(table)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_paid_by_use_encrypted_backed_up_and_outlives_its_stack(name: str) -> None:
    properties = TABLES[name]

    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", TABLES)
def test_the_first_key_of_a_schema_is_the_hash_key(name: str) -> None:
    schemas = [TABLES[name], *TABLES[name].get("GlobalSecondaryIndexes", ())]

    assert {schema["KeySchema"][0]["KeyType"] for schema in schemas} == {"HASH"}


def test_only_idempotency_records_expire() -> None:
    expiring = {
        name: properties["TimeToLiveSpecification"]
        for name, properties in TABLES.items()
        if "TimeToLiveSpecification" in properties
    }

    expires_at = models.Idempotency.expires_at.attr_name
    assert expiring == {"Idempotency": {"AttributeName": expires_at, "Enabled": True}}


def test_the_function_gets_every_setting_with_the_default_of_the_code() -> None:
    variables = FUNCTION["Environment"]["Variables"]
    environment = {name: _default(value) for name, value in variables.items()}

    settings = Settings.from_environment(environment)

    assert settings == Settings(
        account_id=ACCOUNT,
        queue_url=QUEUE,
        texts_bucket="texts",
        schedule_group="schedules",
        schedule_role_arn=ROLE,
        schedule_dead_letters_arn=DEAD_LETTERS,
        worker_function_arn=WORKER_ARN,
    )
    assert {name for name in variables if name.startswith("AI_COORDINATION_")} == {
        f"AI_COORDINATION_{field.upper()}"
        for field in set(Settings.__dataclass_fields__) - NOT_THE_APIS
    }


def test_the_worker_knows_as_the_api_does_which_functions_may_be_agents() -> None:
    names = {f"AI_COORDINATION_{name}" for name in ("AGENT_FUNCTION_PREFIX", "ACCOUNT_ID")}
    api, worker = (one["Environment"]["Variables"] for one in (FUNCTION, WORKER))

    assert {name: worker[name] for name in names} == {name: api[name] for name in names}


def test_every_parameter_is_used() -> None:
    text = (ROOT / "template.yaml").read_text()

    unused = [
        name
        for name in TEMPLATE["Parameters"]
        if not re.search(rf"!Ref {name}\b|\${{{name}}}", text)
    ]

    assert unused == []


@pytest.mark.parametrize("function", [FUNCTION, WORKER], ids=["api", "worker"])
def test_no_permission_is_for_everything(function: Mapping[str, Any]) -> None:
    """tests/behaviour/test_permissions.py compares each with the calls that are made."""
    statements = function["Policies"][0]["Statement"]
    actions = [action for one in statements for action in _listed(one["Action"])]
    open_ended = {one["Sid"] for one in statements for name in _resources(one) if "*" in name}

    assert not any("*" in action for action in actions)
    assert open_ended <= {"Texts", "Schedules", "Agents"}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _resources(statement: Mapping[str, Any]) -> set[str]:
    resources = statement["Resource"]
    listed = resources if isinstance(resources, list) else [resources]
    return {next(iter(resource.values())) for resource in listed}


def test_the_large_texts_are_private_encrypted_and_never_expire() -> None:
    texts = RESOURCES["Texts"]

    assert texts["DeletionPolicy"] == "RetainExceptOnCreate"
    assert texts["Properties"].keys() == {
        "BucketEncryption",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
    }
    assert set(texts["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    worker = {one["Sid"]: one for one in WORKER["Policies"][0]["Statement"]}
    assert _resources(worker["Texts"]) == {"${Texts.Arn}/*"}
    assert _resources(worker["TextsOfASession"]) == {"Texts.Arn"}


def test_the_scheduler_invokes_the_worker_and_nothing_else() -> None:
    role = RESOURCES["ScheduleRole"]["Properties"]
    (policy,) = role["Policies"]
    granted = {
        statement["Action"]: _resources(statement)
        for statement in policy["PolicyDocument"]["Statement"]
    }
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert granted == {
        "lambda:InvokeFunction": {WORKER_ARN},
        "sqs:SendMessage": {"DeadMessages.Arn"},
    }
    assert WORKER["FunctionName"] == {"Sub": "${AWS::StackName}-worker"}
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"},
        "aws:SourceArn": {"GetAtt": "Schedules.Arn"},
    }


def test_the_api_passes_the_scheduler_its_role_and_nobody_else() -> None:
    statements = FUNCTION["Policies"][0]["Statement"]
    (passing,) = [one for one in statements if one["Action"] == "iam:PassRole"]

    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
    }


def test_the_worker_deletes_timers_and_makes_none() -> None:
    statements = {one["Sid"]: one for one in WORKER["Policies"][0]["Statement"]}

    assert statements["Schedules"]["Action"] == "scheduler:DeleteSchedule"
    assert _resources(statements["Schedules"]) == {OWN_TIMERS}


def test_every_route_but_the_preflight_needs_a_token_or_a_signature() -> None:
    routes = {
        resource["Properties"]["RouteKey"]: resource["Properties"]
        for resource in RESOURCES.values()
        if resource["Type"] == "AWS::ApiGatewayV2::Route"
    }
    no_value = {"Ref": "AWS::NoValue"}

    assert routes.keys() == {"GET /graphql", "POST /graphql", "OPTIONS /graphql"}
    assert routes["OPTIONS /graphql"]["AuthorizationType"] == "NONE"
    for route in ("GET /graphql", "POST /graphql"):
        assert routes[route]["AuthorizationType"] == {"If": ["HasTokens", "JWT", "AWS_IAM"]}
        assert routes[route]["AuthorizerId"] == {
            "If": ["HasTokens", {"Ref": "Authorizer"}, no_value]
        }
    assert RESOURCES["Authorizer"]["Properties"]["AuthorizerType"] == "JWT"
    assert TEMPLATE["Parameters"]["JwtIssuer"]["Default"] == ""


def test_who_calls_the_api_calls_the_published_version() -> None:
    alias = {"Ref": "ApiFunction.Alias"}

    assert RESOURCES["Integration"]["Properties"]["IntegrationUri"] == alias
    assert RESOURCES["ApiPermission"]["Properties"]["FunctionName"] == alias
    assert WORKER["Environment"]["Variables"]["AI_COORDINATION_API_FUNCTION"] == alias


def test_each_value_of_a_parameter_that_the_api_gets_makes_a_version_that_is_kept() -> None:
    rest = {name: value for name, value in FUNCTION.items() if name != "VersionDescription"}
    used = _references(rest) & TEMPLATE["Parameters"].keys()
    named = re.findall(r"\$\{(\w+)\}", FUNCTION["VersionDescription"]["Sub"])
    longest = TEMPLATE["Parameters"]["CorsOrigins"]["MaxLength"]
    defaults = [str(TEMPLATE["Parameters"][name]["Default"]) for name in named]

    assert set(named) == used
    assert RESOURCES["ApiFunction"]["UpdateReplacePolicy"] == "Retain"
    # Lambda takes no longer one: the rest is for other names than the defaults.
    assert longest + len(" ".join(defaults)) <= 256 - 30


def _references(value: Any) -> set[str]:
    """What `!Ref` and `!Sub` name, as deep as they are."""
    if isinstance(value, list):
        return {name for one in value for name in _references(one)}
    if not isinstance(value, dict):
        return set()
    text = value.get("Sub", "")
    found = set(re.findall(r"\$\{(\w+)\}", text)) | ({value["Ref"]} if "Ref" in value else set())
    return found | {name for one in value.values() for name in _references(one)}


def test_the_function_is_the_handler() -> None:
    module, _, name = FUNCTION["Handler"].rpartition(".")

    assert callable(getattr(import_module(module), name))


def test_the_package_is_built_for_the_runtime_of_the_function() -> None:
    makefile = (ROOT / "Makefile").read_text()
    version = re.search(r"^LAMBDA_VERSION := (.*)$", makefile, re.MULTILINE)
    platform = re.search(r"^LAMBDA_PLATFORM := (.*)$", makefile, re.MULTILINE)

    assert version
    assert platform
    assert FUNCTION["Runtime"] == f"python{version[1]}"
    assert FUNCTION["Architectures"] == ["arm64"]
    assert platform[1] == "manylinux2014_aarch64"


def test_the_deployed_requirements_are_pinned_and_hold_no_emulator() -> None:
    required = _names("requirements.txt")
    pinned = _names("constraints.txt")

    assert required <= pinned
    assert required.isdisjoint({"boto3", "moto", "werkzeug"})


def test_the_lock_holds_the_pinned_versions_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    versions = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", lock, re.MULTILINE))
    pinned = dict(
        re.findall(r"^([^=\s]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    )

    assert _names("requirements.txt") <= versions.keys()
    assert versions.items() <= {_normal(name): version for name, version in pinned.items()}.items()
    assert lock.count("--hash=sha256:") >= len(versions)


def test_the_package_keeps_what_the_clients_of_the_code_need() -> None:
    trim = (ROOT / ".ci" / "trim.py").read_text()
    sources = [file.read_text() for file in (ROOT / "ai_coordination").rglob("*.py")]
    made = {
        name for text in sources for name in re.findall(r"clients(?:\.new)?\(\s*\"(\w+)\"", text)
    }

    kept = set(re.findall(r'"(\w+)"', re.findall(r"^SERVICES = .*$", trim, re.MULTILINE)[0]))

    assert kept == made | {"dynamodb"}


def _names(file: str) -> set[str]:
    lines = (ROOT / file).read_text().splitlines()
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines]
    return {_normal(name[0]) for name in names if name}


def _normal(name: str) -> str:
    return re.sub(r"[._-]+", "-", name).lower()
