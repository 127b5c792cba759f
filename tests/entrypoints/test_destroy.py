"""`make destroy` removes both stacks with their data, after asking, and nothing else."""

import importlib.util
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.session import get_session

from ai_coordination import models
from ai_coordination.config import settings
from tests.support.templates import ROOT

REGION = "eu-central-1"
BUCKET = "trial-texts-123456789012-eu-central-1"


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("destroy", ROOT / ".ci" / "destroy.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DESTROY = _script()


class Account:
    """An account with the tables and the bucket of two stacks; CloudFormation only remembers."""

    def __init__(self) -> None:
        self.cloudformation = Mock()
        self.session = get_session()
        self.asked: list[str] = []

    def __call__(self, service: str) -> Any:
        if service == "cloudformation":
            return self.cloudformation
        return self.session.create_client(service, region_name=REGION)

    def destroy(self, answer: str) -> str:
        def ask(question: str) -> str:
            self.asked.append(question)
            return answer

        return str(DESTROY.destroy(self, "trial", REGION, ask))

    def deleted_stacks(self) -> list[str]:
        calls = self.cloudformation.delete_stack.call_args_list
        return [call.kwargs["StackName"] for call in calls]

    def tables(self) -> set[str]:
        return set(self("dynamodb").list_tables()["TableNames"])

    def buckets(self) -> set[str]:
        return {one["Name"] for one in self("s3").list_buckets()["Buckets"]}


def names(stack: str) -> set[str]:
    prefix = settings().table_prefix
    return {f"{stack}-{table.Meta.table_name.removeprefix(prefix)}" for table in models.TABLES}


@pytest.fixture
def account() -> Iterator[Account]:
    # Here, because it takes half a second: not each process of the tests runs these.
    from moto import mock_aws  # noqa: PLC0415

    with mock_aws():
        account = Account()
        for name in names("trial") | names("other"):
            account("dynamodb").create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            )
        for bucket in (BUCKET, BUCKET.replace("trial", "other")):
            place = {"LocationConstraint": REGION}
            account("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
            for number in range(3):
                account("s3").put_object(Bucket=bucket, Key=f"text-{number}", Body=b"x")
        yield account


def test_destroying_removes_the_stacks_the_tables_and_the_bucket_and_leaves_others(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    told = account.destroy("trial")

    assert told == "trial is gone."
    assert account.deleted_stacks() == ["trial", "trial-data"]
    assert account.tables() == names("other")
    assert account.buckets() == {BUCKET.replace("trial", "other")}
    assert f"the stacks trial and trial-data, the bucket {BUCKET}" in capsys.readouterr().out


def test_destroying_twice_is_as_once(account: Account) -> None:
    account.destroy("trial")

    assert account.destroy("trial") == "trial is gone."
    assert account.tables() == names("other")


def test_another_answer_than_the_name_deletes_nothing(account: Account) -> None:
    told = account.destroy("yes")

    assert told == "Nothing was deleted."
    assert account.asked == ["Type trial to delete them: "]
    assert account.deleted_stacks() == []
    assert account.tables() == names("trial") | names("other")
    assert BUCKET in account.buckets()


def test_a_protected_table_keeps_everything_and_is_not_asked_about(account: Account) -> None:
    account("dynamodb").update_table(TableName="trial-tasks", DeletionProtectionEnabled=True)

    told = account.destroy("trial")

    assert told.startswith("Nothing was deleted: trial-tasks cannot be deleted.")
    assert account.asked == []
    assert account.deleted_stacks() == []
    assert account.tables() == names("trial") | names("other")
