"""Both templates, deployed by SAM to an emulator of AWS: sessions run to their end (`make system`).

The functions have the rights of their roles and no others. Tests run in their order, on one pair of
stacks.
"""

import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import page
from tests.system.emulator import ROOT
from tests.system.issuer import Issuer, issuing
from tests.system.ministack import MiniStack, running
from tests.system.system import Engine, until

pytestmark = pytest.mark.system

BUILT = ROOT / "build" / "system" / "template.yaml"
DATA = ROOT / "data.yaml"
STACK = "ai-coordination"
PREFIX = f"TablePrefix={STACK}-"
TENANT = "EndpointId=acme", "PartId=sales"
CONTEXT = {"endpointId": "acme", "partId": "sales", "userId": "u-17"}
LONG = "What does Acme need? " * 400
ECHO = {"kind": "ECHO"}
MEMBERS: dict[str, dict[str, Any]] = {
    "research": ECHO,
    "prices": {"kind": "ECHO", "parameters": {"fail": {"attempts": 1, "notes": "Locked"}}},
    "now": {
        "kind": "LAMBDA",
        "target": "agent-now",
        "parameters": {"invocation": "RequestResponse"},
    },
    "later": {"kind": "LAMBDA", "target": "agent-later"},
    "offer": ECHO,
    "mail": ECHO,
}
ACTIONS: list[dict[str, Any]] = [
    {"agentUuid": "research"},
    {"agentUuid": "prices", "predecessors": ["research"]},
    {"agentUuid": "now", "predecessors": ["research"]},
    {"agentUuid": "later", "predecessors": ["research"]},
    {
        "agentUuid": "offer",
        "predecessors": ["prices", "now", "later"],
        "userInTheLoop": "APPROVAL",
    },
    {"agentUuid": "mail", "predecessors": ["offer"]},
]
QUERIES = [
    {"agentUuid": "prices", "subtaskQuery": "Price it"},
    {"agentUuid": "offer", "subtaskQuery": "Write the offer"},
    {"agentUuid": "mail", "subtaskQuery": "Mail it"},
]
LIVE = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status
    sessionAgents { nodes {
        agentUuid sessionAgentUuid state attempt agentInput agentOutput currentRun { runUuid }
    } }
    sessionRuns { nodes { agentUuid attempt outcome } }
} }"""
STATUS = "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) { status } }"
STARTED = """query ($c: ID!, $t: ID!) { task(coordinationUuid: $c, taskUuid: $t) {
    sessions { nodes { sessionUuid status scheduleUuid } }
} }"""
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
Log = Callable[[str], None]


@pytest.fixture
def log(write_line: Callable[[str], None]) -> Log:
    began = time.monotonic()
    return lambda line: write_line(f"{time.monotonic() - began:6.1f} s  {line}")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The templates as they are, deployed by SAM, and two agents beside them."""
    home = tmp_path_factory.mktemp("system")
    with running(home) as emulated:
        deploy(emulated, f"{STACK}-data", DATA, PREFIX)
        deploy(emulated, STACK, BUILT, PREFIX, *TENANT)
        deployed = Engine(emulated, STACK, CONTEXT)
        deploy_agents(deployed, home)
        yield deployed


def deploy(emulated: MiniStack, stack: str, template: Path, *parameters: str) -> None:
    arguments = ["--template-file", str(template), "--stack-name", stack, "--resolve-s3"]
    arguments += [
        "--capabilities",
        "CAPABILITY_NAMED_IAM",
        "--no-progressbar",
        "--no-confirm-changeset",
    ]
    emulated.sam("deploy", *arguments, "--parameter-overrides", *parameters)


def deploy_agents(engine: Engine, home: Path) -> None:
    code = home / "code"
    code.mkdir()
    now, *others = page("guides/write-an-agent").texts("python")
    later = next(text for text in others if "import boto3" in text)
    (code / "now.py").write_text(now)
    (code / "later.py").write_text(later)
    template = home / "agents.yaml"
    template.write_text((Path(__file__).parent / "agents.yaml").read_text())
    deploy(engine.emulated, "agents", template, f"ApiFunctionArn={engine.output('ApiFunctionArn')}")


def new_task(
    engine: Engine,
    actions: list[dict[str, Any]],
    members: dict[str, dict[str, Any]] = MEMBERS,
    **more: Any,
) -> dict[str, str]:
    agents = [
        {"agentUuid": name, "agentName": name.title(), "runtime": runtime}
        for name, runtime in members.items()
    ]
    made = engine.change(
        "createCoordination",
        "coordination { coordinationUuid }",
        coordinationName="Offers",
        agents=agents,
    )
    key = {"coordinationUuid": made["coordination"]["coordinationUuid"]}
    made = engine.change(
        "createTask", "task { taskUuid }", **key, taskName="Offer", agentActions=actions, **more
    )
    return {**key, "taskUuid": made["task"]["taskUuid"]}


def watch(engine: Engine, log: Log, coordination: str, session: str) -> dict[str, Any]:
    """The session once it has ended; what becomes of its agents is told, and what asks approved."""
    seen: dict[str, str] = {}

    def ended() -> dict[str, Any] | None:
        live: dict[str, Any] = engine.ask(LIVE, c=coordination, s=session)["session"]
        for agent in live["sessionAgents"]["nodes"]:
            state = f"{agent['state']}, attempt {agent['attempt']}"
            if seen.get(agent["agentUuid"]) != state:
                seen[agent["agentUuid"]] = state
                log(f"{agent['agentUuid']:8} {state}")
                if agent["state"] == "WAITING_FOR_INPUT":
                    approve(engine, session, agent)
                    log(f"{agent['agentUuid']:8} approved by a person")
        return live if live["status"] in ENDED else None

    return dict(until(ended))


def approve(engine: Engine, session: str, agent: dict[str, Any]) -> None:
    engine.change(
        "answerSessionAgent",
        "sessionAgent { state }",
        sessionUuid=session,
        sessionAgentUuid=agent["sessionAgentUuid"],
        runUuid=agent["currentRun"]["runUuid"],
        approved=True,
    )


def errors(engine: Engine) -> list[str]:
    """What the functions have logged of trouble."""
    signs = '"level":"ERROR"', "AccessDenied", "Traceback"
    lines = [*engine.logged("api"), *engine.logged("worker"), *engine.logged("caller")]
    assert lines
    return [line for line in lines if any(sign in line for sign in signs)]


def texts_stored(engine: Engine) -> int:
    found = engine.emulated.client("s3").list_objects_v2(Bucket=engine.output("TextsBucket"))
    return int(found["KeyCount"])


def test_a_session_with_a_retry_two_functions_large_texts_and_an_approval_completes(
    engine: Engine, log: Log
) -> None:
    key = new_task(engine, ACTIONS, subtaskQueries=QUERIES)
    made = engine.change("startSession", "session { sessionUuid }", **key, taskQuery=LONG)
    session = made["session"]["sessionUuid"]
    log(f"session {session} started by the deployed function of the API")

    ended = watch(engine, log, key["coordinationUuid"], session)
    log(f"the session is {ended['status']}")

    agents = {one["agentUuid"]: one for one in ended["sessionAgents"]["nodes"]}
    assert ended["status"] == "COMPLETED"
    assert {name: one["state"] for name, one in agents.items()} == dict.fromkeys(
        MEMBERS, "COMPLETED"
    )
    assert Counter(
        (run["agentUuid"], run["attempt"], run["outcome"]) for run in ended["sessionRuns"]["nodes"]
    ) == Counter(
        [
            ("prices", 1, "FAILED"),
            ("prices", 2, "COMPLETED"),
            *((name, 1, "COMPLETED") for name in MEMBERS if name != "prices"),
        ]
    )
    assert agents["research"]["agentOutput"] == LONG
    read = len(agents["now"]["agentInput"])
    assert agents["now"]["agentOutput"] == f"Now has read {read} characters"
    assert agents["later"]["agentOutput"] == agents["later"]["agentInput"].upper()
    stored = texts_stored(engine)
    log(f"{stored} texts in the bucket")
    assert stored > 0
    assert errors(engine) == []


def test_the_caller_alone_has_waited_for_an_agent(engine: Engine) -> None:
    waited = [line for line in engine.logged("caller") if '"message":"step"' in line]

    assert len(waited) == 1
    assert '"outcome":"done"' in waited[0]


def test_calls_that_the_caller_receives_itself_leave_no_message_behind(
    engine: Engine, log: Log
) -> None:
    names = [f"now-{number}" for number in range(24)]
    members = dict.fromkeys(names, MEMBERS["now"])
    key = new_task(engine, [{"agentUuid": name} for name in names], members)
    started = engine.change("startSession", "session { sessionUuid }", **key, taskQuery="Which?")
    place = {"c": key["coordinationUuid"], "s": started["session"]["sessionUuid"]}
    sqs, url = engine.emulated.client("sqs"), engine.output("CallsQueueUrl")
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> list[str]:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
        return [found[name] for name in counts]

    until(lambda: engine.ask(STATUS, **place)["session"]["status"] in ENDED)
    until(lambda: left() == ["0", "0"])

    done = [line for line in engine.logged("caller") if '"outcome":"done"' in line]
    log(f"the caller has waited {len(done)} times")
    assert engine.ask(STATUS, **place)["session"]["status"] == "COMPLETED"
    assert len(done) >= 1 + len(names)
    assert errors(engine) == []


def test_a_chain_of_more_steps_than_lambda_lets_a_loop_have_completes(
    engine: Engine, log: Log
) -> None:
    """The emulator counts no invocations: what it can show is that nothing else is in the way."""
    names = [f"step-{number}" for number in range(40)]
    chain = [
        {"agentUuid": name, "predecessors": names[place - 1 : place] if place else []}
        for place, name in enumerate(names)
    ]
    key = new_task(engine, chain, dict.fromkeys(names, ECHO))
    started = engine.change("startSession", "session { sessionUuid }", **key, taskQuery="Which?")
    place = {"c": key["coordinationUuid"], "s": started["session"]["sessionUuid"]}

    until(lambda: engine.ask(STATUS, **place)["session"]["status"] in ENDED)

    log("a chain of 40 steps has ended")
    assert engine.ask(STATUS, **place)["session"]["status"] == "COMPLETED"


def test_api_gateway_asks_for_a_signature(engine: Engine, log: Log) -> None:
    unsigned = engine.post("{ __typename }", signed=False)
    signed = engine.post("{ __typename }", signed=True)

    log(f"POST /graphql unsigned: {unsigned[0]}, signed: {signed[0]}")
    assert unsigned == (403, {"message": "Forbidden"})
    assert signed == (200, {"data": {"__typename": "Query"}})


def test_a_session_goes_on_through_an_upgrade_that_asks_for_tokens(
    engine: Engine, log: Log
) -> None:
    alone = [{"agentUuid": "offer", "userInTheLoop": "APPROVAL"}]
    key = new_task(engine, alone)
    made = engine.change("startSession", "session { sessionUuid }", **key, taskQuery="Which?")
    place = {"c": key["coordinationUuid"], "s": made["session"]["sessionUuid"]}
    until(lambda: engine.ask(LIVE, **place)["session"]["status"] == "WAITING_FOR_INPUT")
    log("the session waits for a person")

    with issuing(engine.emulated.certificate, engine.emulated.key) as issuer:
        tokens = f"JwtIssuer={issuer.url}", "JwtAudience=screen"
        console = "Console=true", "ConsoleClientId=console"
        more = (*tokens, *console, "SnapStart=PublishedVersions")
        deploy(engine.emulated, STACK, BUILT, PREFIX, *more)
        name = engine.output("ApiFunctionName")
        alias = engine.emulated.client("lambda").get_alias(FunctionName=name, Name="live")
        before = engine.invoke(f"{name}:1", {"query": "{ __typename }", "context": CONTEXT})
        log(f"deployed again, with SnapStart and tokens: version {alias['FunctionVersion']}")
        mine = {"endpoint_id": "acme", "part_id": "sales", "sub": "u-17"}
        unknown = engine.post(LIVE, **place)
        forged = engine.post(LIVE, token=Issuer(issuer.url).token("screen", **mine), **place)
        others = issuer.token("screen", **{**mine, "endpoint_id": "globex"})
        foreign = engine.post(LIVE, token=others, **place)
        status, answer = engine.post(LIVE, token=issuer.token("screen", **mine), **place)
        files = check_the_console(engine, issuer)
    log(f"the console has {files} modules")
    log(f"without a token: {unknown[0]}, forged: {forged[0]}, with one: {status}")
    (agent,) = answer["data"]["session"]["sessionAgents"]["nodes"]
    approve(engine, place["s"], agent)
    ended = watch(engine, log, place["c"], place["s"])

    assert alias["FunctionVersion"] == "2"
    assert before == {"data": {"__typename": "Query"}}
    assert unknown == forged == (401, {"message": "Unauthorized"})
    assert foreign == (200, {"data": {"session": None}})
    assert ended["status"] == "COMPLETED"


def check_the_console(engine: Engine, issuer: Issuer) -> int:
    """The console is there for everybody, compressed, and says where people sign in."""
    root, pages = engine.get("/"), [engine.get(path) for path in ("/console", "/console/")]
    status, headers, content = engine.get("/console/", **{"accept-encoding": "gzip"})
    config = json.loads(engine.get("/console/config.json")[2])
    names = re.findall(r'data-modules="([^"]+)"', gzip.decompress(content).decode())[0].split()
    start = re.findall(r'src="(/console/[0-9a-f]+/)boot.js"', pages[0][2].decode())[0]
    first = engine.get(f"{start}{names[0]}")
    again = engine.get("/console/", **{"if-none-match": headers["etag"]})

    assert (root[0], root[1]["location"]) == (302, "/console/")
    assert [one[0] for one in pages] == [200, 200]
    assert pages[0][2] == pages[1][2] == gzip.decompress(content)
    assert status == 200
    assert f"connect-src 'self' {issuer.url};" in headers["content-security-policy"]
    assert config["auth"]["clientId"] == "console"
    assert config["auth"]["endpoints"]["token"] == f"{issuer.url}/token"
    assert (first[0], first[1]["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert (again[0], again[2]) == (304, b"")
    assert engine.get("/console/nothing.js")[0] == 404
    assert engine.get("/nothing")[0] == 404
    return len(names)


def test_the_sweep_finds_what_a_lost_message_was_about(engine: Engine, log: Log) -> None:
    key = new_task(engine, [{"agentUuid": "research"}])
    lambda_, sqs = engine.emulated.client("lambda"), engine.emulated.client("sqs")
    name = engine.output("WorkerFunctionName")
    (mapping,) = lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    started = engine.change("startSession", "session { sessionUuid }", **key, taskQuery="Which?")

    sqs.purge_queue(QueueUrl=engine.output("QueueUrl"))
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    log("the message that starts the session is lost")
    ended = watch(engine, log, key["coordinationUuid"], started["session"]["sessionUuid"])

    assert ended["status"] == "COMPLETED"
    assert any('"message":"sweep"' in line for line in engine.logged("worker"))


def test_a_schedule_starts_sessions_until_it_is_paused(engine: Engine, log: Log) -> None:
    key = new_task(engine, [{"agentUuid": "research"}], initialTaskQuery="What is new?")

    def sessions() -> list[dict[str, Any]]:
        task = engine.ask(STARTED, c=key["coordinationUuid"], t=key["taskUuid"])["task"]
        return list(task["sessions"]["nodes"])

    schedule = engine.change(
        "createTaskSchedule",
        "taskSchedule { scheduleUuid nextRunAt }",
        **key,
        schedule="rate(1 minute)",
    )["taskSchedule"]
    log(f"rate(1 minute), first at {schedule['nextRunAt']}")
    (first,) = until(sessions)
    log(f"session {first['sessionUuid']} started by the schedule")
    ended = watch(engine, log, key["coordinationUuid"], first["sessionUuid"])
    log(f"the session is {ended['status']}")
    until(lambda: len(sessions()) == 2)
    log("a second one started")
    engine.change(
        "updateTaskSchedule",
        "taskSchedule { status }",
        taskUuid=key["taskUuid"],
        scheduleUuid=schedule["scheduleUuid"],
        status="PAUSED",
    )
    time.sleep(75)
    log(f"paused; 75 s later there are {len(sessions())}")

    assert ended["status"] == "COMPLETED"
    assert first["scheduleUuid"] == schedule["scheduleUuid"]
    assert len(sessions()) == 2
    assert errors(engine) == []


def test_a_firing_that_fails_three_times_lies_among_the_dead(engine: Engine, log: Log) -> None:
    broken = {"kind": "schedule", "time": "never"}

    engine.emulated.client("lambda").invoke(
        FunctionName=engine.output("WorkerFunctionName"),
        InvocationType="Event",
        Payload=json.dumps(broken).encode(),
    )

    sqs, url = engine.emulated.client("sqs"), engine.output("DeadMessagesUrl")
    (dead,) = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    told = json.loads(dead["Body"])
    log(f"dead after {told['requestContext']['approximateInvokeCount']} invocations")
    assert told["requestPayload"] == broken
    assert told["requestContext"]["approximateInvokeCount"] == 3


def test_the_application_deleted_and_deployed_again_goes_on_with_its_data(
    engine: Engine, log: Log
) -> None:
    alone = [{"agentUuid": "offer", "userInTheLoop": "APPROVAL"}]
    key = new_task(engine, alone, initialTaskQuery="What is new?")
    made = engine.change("startSession", "session { sessionUuid }", **key, taskQuery="Which?")
    place = {"c": key["coordinationUuid"], "s": made["session"]["sessionUuid"]}
    until(lambda: engine.ask(LIVE, **place)["session"]["status"] == "WAITING_FOR_INPUT")
    engine.change("createTaskSchedule", "taskSchedule { status }", **key, schedule="rate(1 minute)")
    client = engine.emulated.client

    engine.emulated.sam("delete", "--no-prompts", "--stack-name", STACK)

    log("the application is deleted")
    functions = client("lambda").list_functions()["Functions"]
    assert [one["FunctionName"] for one in functions if one["FunctionName"].startswith(STACK)] == []
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    queues = client("sqs").list_queues()["QueueUrls"]
    assert [url.rsplit("/")[-1] for url in queues] == [f"{STACK}-dead-messages"]

    deploy(engine.emulated, STACK, BUILT, PREFIX, *TENANT)

    log("and deployed again")
    (agent,) = engine.ask(LIVE, **place)["session"]["sessionAgents"]["nodes"]
    approve(engine, place["s"], agent)
    assert watch(engine, log, place["c"], place["s"])["status"] == "COMPLETED"
    found = {"c": key["coordinationUuid"], "t": key["taskUuid"]}
    until(lambda: len(engine.ask(STARTED, **found)["task"]["sessions"]["nodes"]) > 1)
    log("the schedule of before has fired")


def test_destroying_leaves_nothing_of_either_stack(engine: Engine, log: Log) -> None:
    bucket = engine.output("TextsBucket")
    assert texts_stored(engine) > 0
    engine.emulated.sam("delete", "--no-prompts", "--stack-name", "agents")

    told = engine.emulated.destroy(STACK)

    log(told)
    client = engine.emulated.client
    assert told.endswith(f"{STACK} is gone.")
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert bucket not in {one["Name"] for one in client("s3").list_buckets()["Buckets"]}
    assert client("scheduler").list_schedules()["Schedules"] == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("sqs").list_queues().get("QueueUrls", []) == []
