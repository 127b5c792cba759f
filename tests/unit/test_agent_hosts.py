"""Which servers may be called: the setting's entries, and URLs held against them."""

import pytest

from ai_coordination import agent_hosts
from ai_coordination.agent_hosts import AllowedHost, HostRefused
from ai_coordination.config import ConfigurationError, Settings
from tests.support.cases import each

HOSTS = ("api.openai.com", "*.openai.azure.com", "llm.example:8443", "http://10.0.0.5:8000")

ALLOWED = [
    ("https://api.openai.com/v1", "api.openai.com", "/v1"),
    ("https://API.OpenAI.com:443", "api.openai.com", "/"),
    ("https://api.openai.com./v1", "api.openai.com", "/v1"),
    ("https://mine.openai.azure.com/openai/v1", "mine.openai.azure.com", "/openai/v1"),
    ("https://llm.example:8443/v1", "llm.example:8443", "/v1"),
    ("http://10.0.0.5:8000/v1", "10.0.0.5:8000", "/v1"),
]
NOT_ALLOWED = [
    "https://openai.com/v1",
    "https://api.openai.com:8443/v1",
    "http://api.openai.com/v1",
    "https://api.openai.com.evil.example/v1",
    "https://evil-api.openai.com/v1",
    "https://a.b.openai.azure.com/v1",
    "https://openai.azure.com/v1",
    "https://llm.example/v1",
    "https://10.0.0.5:8000/v1",
    "http://10.0.0.6:8000/v1",
    "http://[::ffff:10.0.0.5]:8000/v1",
]
NOT_URLS = [
    "",
    "api.openai.com",
    "ftp://api.openai.com/v1",
    "file:///etc/passwd",
    "https://",
    "https:///v1",
    "https://user@api.openai.com/v1",
    "https://api.openai.com@evil.example/v1",
    "https://api.openai.com/v1#x",
    "https://api.openai.com\\@evil.example/v1",
    "https://api.openai.com /v1",
    "https://api.openai.com/v1\r\nHost: evil",
    "https://api.openai.com\t/v1",
    "https://äpi.openai.com/v1",
    "https://api.openai.com:99999/v1",
    "https://api.openai.com:0/v1",
    "https://2130706433/v1",
    "https://0x7f000001/v1",
    "https://127.1/v1",
    "https://0177.0.0.1/v1",
    "https://256.1.1.1/v1",
    "https://[::1/v1",
    "https://[fe80::1%25eth0]/v1",
    f"https://{'a.' * 130}example/v1",
]


@each(("url", "authority", "path"), ALLOWED)
def test_a_url_of_a_host_on_the_list_is_allowed(url: str, authority: str, path: str) -> None:
    server = agent_hosts.parse(url)

    assert (server.authority, server.path) == (authority, path)
    assert agent_hosts.refusal(url, HOSTS) is None


@each("url", NOT_ALLOWED)
def test_any_other_host_is_refused_with_the_name_of_the_setting(url: str) -> None:
    refusal = agent_hosts.refusal(url, HOSTS)

    assert refusal is not None
    assert "The setting AI_COORDINATION_AGENT_HOSTS lists" in refusal


@each("url", NOT_URLS)
def test_what_parsers_may_read_differently_is_not_a_url(url: str) -> None:
    with pytest.raises(HostRefused):
        agent_hosts.parse(url)

    assert agent_hosts.refusal(url, ["*", agent_hosts.UNCHECKED]) is not None


def test_every_host_with_https_is_allowed_by_a_star_and_no_private_address() -> None:
    server = agent_hosts.parse("https://any.example/v1")

    assert agent_hosts.find_allowed(server, ["*"]) == AllowedHost("https", "*", 443, private=False)
    assert agent_hosts.refusal("http://any.example/v1", ["*"]) is not None


def test_an_exact_entry_counts_before_a_wildcard() -> None:
    server = agent_hosts.parse("https://mine.openai.azure.com/v1")
    hosts = ["*.openai.azure.com", "mine.openai.azure.com"]

    found = agent_hosts.find_allowed(server, hosts)

    assert found is not None
    assert not found.is_wildcard


def test_a_function_that_does_not_know_the_list_refuses_no_url_and_calls_none() -> None:
    url = "http://10.0.0.5:8000/v1"

    assert agent_hosts.refusal(url, [agent_hosts.UNCHECKED]) is None
    assert agent_hosts.find_allowed(agent_hosts.parse(url), [agent_hosts.UNCHECKED]) is None


@each(
    "entry", ["a b", "https://a.example/v1", "*.", "http://*.example", "a.*.example", "user@a", "/"]
)
def test_the_engine_does_not_start_with_an_entry_that_is_none(entry: str) -> None:
    environment = {"AI_COORDINATION_AGENT_HOSTS": f"api.openai.com, {entry}"}

    with pytest.raises(ConfigurationError, match="AI_COORDINATION_AGENT_HOSTS has"):
        Settings.from_environment(environment)
