"""Which targets an entry of the list of Bedrock's models allows."""

import pytest

from ai_coordination.runtimes import bedrock_target

NOVA = "amazon.nova-lite-v1:0"
OF_NOVA = f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}"
ACCOUNT = "arn:aws:bedrock:us-east-1:111122223333:"


@pytest.mark.parametrize(
    ("entry", "target", "is_allowed"),
    [
        ("*", NOVA, True),
        ("*", OF_NOVA, True),
        (NOVA, NOVA, True),
        (NOVA, NOVA + "1", False),
        (NOVA, OF_NOVA, False),
        ("amazon.*", NOVA, True),
        ("amazon.*:0", NOVA, True),
        ("*nova*lite*", NOVA, True),
        ("amazon.nova-lite-v1:0*v1:0", NOVA, False),
        ("a*b*c", "abxc", True),
        ("a*bc*c", "abc", False),
        (OF_NOVA, OF_NOVA, True),
        (OF_NOVA, NOVA, True),
        ("arn:aws:bedrock:*::foundation-model/amazon.*", NOVA, True),
        ("arn:aws:bedrock:*::foundation-model/amazon.*", "eu." + NOVA, False),
        (f"{ACCOUNT}inference-profile/eu.*", "eu." + NOVA, True),
        ("arn:aws:bedrock:*:*:*/*", NOVA, True),
        (f"{ACCOUNT}application-inference-profile/abc", "abc", False),
        (f"{ACCOUNT}application-inference-profile/*", f"{ACCOUNT}custom-model/a", False),
    ],
)
def test_an_entry_allows_an_id_or_an_arn(entry: str, target: str, is_allowed: bool) -> None:
    assert (bedrock_target.refusal(target, [entry]) is None) == is_allowed


def test_a_pattern_of_many_stars_is_matched_in_no_time() -> None:
    assert bedrock_target.refusal("a" * 2_000, ["a*" * 500 + "b"]) is not None
