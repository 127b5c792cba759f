"""template.yaml and data.yaml as Python objects, for the tests that compare them with the code."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` is read as {"Ref": "X"}."""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.ScalarNode)
    return {name: loader.construct_scalar(node)}


_Loader.add_multi_constructor("!", _short_form)


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((ROOT / name).read_text(), _Loader)
    return loaded


def _statements(role: str) -> list[dict[str, Any]]:
    """What a role may do."""
    (policy,) = RESOURCES[role]["Properties"]["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


TEMPLATE = _read("template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
FUNCTION: dict[str, Any] = RESOURCES["ApiFunction"]["Properties"]
WORKER: dict[str, Any] = RESOURCES["WorkerFunction"]["Properties"]
CALLER: dict[str, Any] = RESOURCES["CallerFunction"]["Properties"]
API_MAY = _statements("ApiRole")
WORKER_MAY = _statements("WorkerRole")
CALLER_MAY = _statements("CallerRole")

DATA = _read("data.yaml")
DATA_RESOURCES: dict[str, Any] = DATA["Resources"]
TABLES: dict[str, Any] = {
    name: resource["Properties"]
    for name, resource in DATA_RESOURCES.items()
    if resource["Type"] == "AWS::DynamoDB::Table"
}

# What the application calls the resources of data.yaml: their names, and so their ARNs. The data
# stack makes them from TablePrefix, which is the application's name with a hyphen.
ARN_OF_TABLES = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/"
BUCKET = "${TablePrefix}texts-${AWS::AccountId}-${AWS::Region}"
ARN_OF_BUCKET = "arn:${AWS::Partition}:s3:::" + BUCKET
SCHEDULES = "${AWS::StackName}-schedules"
SCHEDULE_ROLE = "${AWS::StackName}-scheduler-${AWS::Region}"
DEAD_MESSAGES = "${AWS::StackName}-dead-messages"
ARN_OF_SCHEDULES = (
    "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/" + SCHEDULES
)
ARN_OF_ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + SCHEDULE_ROLE
ARN_OF_DEAD = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + DEAD_MESSAGES
