"""Settings from the environment. Wrong ones are named at the start."""

import pytest

from ai_coordination.config import ConfigurationError, Settings
from tests.support.scheduling import SCHEDULER

TOGETHER = {name: value for name, value in SCHEDULER.items() if "DEAD_LETTERS" not in name}


@pytest.mark.parametrize("missing", TOGETHER)
def test_what_makes_schedules_fire_is_configured_together(missing: str) -> None:
    incomplete = {name: value for name, value in SCHEDULER.items() if name != missing}

    with pytest.raises(ConfigurationError, match="set all or none") as raised:
        Settings.from_environment(incomplete)

    assert all(name in str(raised.value) for name in TOGETHER)


def test_all_of_it_or_none_is_right() -> None:
    settings = Settings.from_environment(SCHEDULER)

    assert settings.schedule_group == SCHEDULER["AI_COORDINATION_SCHEDULE_GROUP"]
    assert settings.worker_function_arn == SCHEDULER["AI_COORDINATION_WORKER_FUNCTION_ARN"]
    assert Settings.from_environment({}).schedule_group is None


@pytest.mark.parametrize("value", ["0", "201", "-1", "1.5", "many"])
def test_a_number_of_threads_that_clients_have_no_connections_for_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment({"AI_COORDINATION_CALL_THREADS": value})

    assert str(raised.value) == (
        f"AI_COORDINATION_CALL_THREADS must be a whole number from 1 to 200, not {value!r}"
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("engine.example", "is not a URL: The URL must begin with https:// or http://"),
        ("https://engine.example/?stage=a", "must be a URL without a query"),
    ],
)
def test_an_address_for_callbacks_that_is_none_is_refused(value: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment({"AI_COORDINATION_CALLBACK_URL": value})

    assert str(raised.value) == f"AI_COORDINATION_CALLBACK_URL {reason}"


def test_an_address_for_callbacks_may_have_a_path() -> None:
    given = {"AI_COORDINATION_CALLBACK_URL": "https://engine.example/prod/"}

    assert Settings.from_environment(given).callback_url == "https://engine.example/prod"


def test_threads_are_as_many_as_the_setting_says() -> None:
    threads = [Settings.from_environment({"AI_COORDINATION_CALL_THREADS": "200"}), Settings()]

    assert [one.call_threads for one in threads] == [200, 50]


def test_the_client_of_the_database_is_one_of_two() -> None:
    given = {"AI_COORDINATION_DYNAMODB_CLIENT": "botocore"}

    assert Settings.from_environment(given).dynamodb_client == "botocore"
    assert Settings.from_environment({}).dynamodb_client == "lean"
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment({"AI_COORDINATION_DYNAMODB_CLIENT": "boto3"})
    assert str(raised.value) == (
        "AI_COORDINATION_DYNAMODB_CLIENT must be lean or botocore, not 'boto3'"
    )
