"""data.yaml has the tables and indexes of the models, and a bucket; template.yaml names them."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.session import get_session

from ai_coordination import models
from ai_coordination.config import Settings
from tests.support.cases import each
from tests.support.templates import (
    ARN_OF_BUCKET,
    ARN_OF_TABLES,
    BUCKET,
    DATA,
    DATA_RESOURCES,
    DEAD_MESSAGES,
    RESOURCES,
    ROOT,
    SCHEDULE_ROLE,
    SCHEDULES,
    TABLES,
    TEMPLATE,
)

LONGEST_NAME_OF_A_BUCKET = 63
OWN_FUNCTION = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
PREFIX = "^[a-z0-9][a-z0-9-]*$"


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


@each("table", models.TABLES, ids=lambda table: table.__name__)
def test_a_table_has_the_keys_and_indexes_of_its_model(table: type[models.Table]) -> None:
    name = "${TablePrefix}" + table.Meta.table_name.removeprefix(Settings().table_prefix)

    deployed = next(table for table in TABLES.values() if _name(table) == name)

    assert _of_the_template(deployed) == _of_the_model(table)


@each("name", TABLES)
def test_a_table_is_paid_by_use_encrypted_backed_up_and_outlives_its_stack(name: str) -> None:
    properties = TABLES[name]

    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    # A real boolean: emulators take the parameter's text "false" for true.
    assert properties["DeletionProtectionEnabled"] == {"If": ["IsProtected", True, False]}
    assert DATA_RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert DATA_RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@each("name", TABLES)
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


def test_the_large_texts_are_private_encrypted_and_never_expire() -> None:
    texts = DATA_RESOURCES["Texts"]

    assert texts["DeletionPolicy"] == "RetainExceptOnCreate"
    assert texts["UpdateReplacePolicy"] == "Retain"
    assert texts["Properties"].keys() == {
        "BucketName",
        "BucketEncryption",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
    }
    assert set(texts["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}


def test_the_application_names_the_bucket_and_the_tables_as_the_data_stack_does() -> None:
    text = (ROOT / "template.yaml").read_text()
    found = {name for name in _names(RESOURCES) if "${TablePrefix}" in name}
    tables = {properties["TableName"]["Sub"] for properties in TABLES.values()}

    named = {name.removeprefix(ARN_OF_TABLES).split("/index/")[0] for name in found}

    assert DATA_RESOURCES["Texts"]["Properties"]["BucketName"] == {"Sub": BUCKET}
    assert named == tables | {BUCKET, ARN_OF_BUCKET, ARN_OF_BUCKET + "/*"}
    assert "ImportValue" not in text  # an import would forbid to change what is exported


def test_the_application_names_what_schedules_keep_as_the_data_stack_does() -> None:
    """Its name with a hyphen is the data stack's TablePrefix: `make deploy` sees to it."""
    named = {
        name: DATA_RESOURCES[name]["Properties"][key]["Sub"]
        for name, key in (
            ("Schedules", "Name"),
            ("ScheduleRole", "RoleName"),
            ("DeadMessages", "QueueName"),
        )
    }
    makefile = (ROOT / "Makefile").read_text()

    assert {
        name: own.replace("${TablePrefix}", "${AWS::StackName}-") for name, own in named.items()
    } == {"Schedules": SCHEDULES, "ScheduleRole": SCHEDULE_ROLE, "DeadMessages": DEAD_MESSAGES}
    assert makefile.count("--parameter-overrides TablePrefix=$(STACK)- ") == 2
    assert makefile.count("--stack-name $(STACK)-data ") == 1
    assert makefile.count("--stack-name $(STACK) ") == 1


def test_the_scheduler_invokes_the_worker_and_nothing_else() -> None:
    role = DATA_RESOURCES["ScheduleRole"]["Properties"]
    (policy,) = role["Policies"]
    granted = {
        statement["Action"]: statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
    }
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert granted == {
        "lambda:InvokeFunction": {"Sub": OWN_FUNCTION + "${TablePrefix}worker"},
        "sqs:SendMessage": {"GetAtt": "DeadMessages.Arn"},
    }
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"},
        "aws:SourceArn": {"GetAtt": "Schedules.Arn"},
    }


def test_both_stacks_ask_for_the_same_prefix_and_take_none_by_default() -> None:
    prefixes = [dict(one["Parameters"]["TablePrefix"]) for one in (DATA, TEMPLATE)]
    for prefix in prefixes:
        del prefix["Description"], prefix["ConstraintDescription"]

    assert prefixes[0] == prefixes[1]
    assert prefixes[0] == {"Type": "String", "MaxLength": 29, "AllowedPattern": PREFIX}


def test_the_bucket_has_a_legal_name_in_every_region_with_the_longest_prefix() -> None:
    longest = "a" * 29
    session = get_session()
    regions = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("s3", partition)
    }

    names = {
        BUCKET.replace("${TablePrefix}", longest)
        .replace("${AWS::AccountId}", "1" * 12)
        .replace("${AWS::Region}", region)
        for region in regions
    }

    assert re.fullmatch(PREFIX, longest)
    assert len(regions) > 30
    assert max(len(name) for name in names) == LONGEST_NAME_OF_A_BUCKET
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]+[a-z0-9]", name) for name in names)


def _names(value: Any) -> set[str]:
    """What every `!Sub` makes, as it is written."""
    if isinstance(value, list):
        return {name for one in value for name in _names(one)}
    if not isinstance(value, dict):
        return set()
    own = {value["Sub"]} if isinstance(value.get("Sub"), str) else set()
    return own | {name for one in value.values() for name in _names(one)}
