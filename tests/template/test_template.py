"""template.yaml deploys the tables, settings and package that the code uses."""

import importlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ai_coordination.agent_hosts import UNCHECKED
from ai_coordination.api.transport import callbacks, cors
from ai_coordination.config import Settings
from ai_coordination.console.sign_in import PREFIX, TOKENS, SignIn
from ai_coordination.local import worker as local_worker
from tests.support.cases import each
from tests.support.templates import (
    API_MAY,
    ARN_OF_BUCKET,
    ARN_OF_DEAD,
    ARN_OF_ROLE,
    ARN_OF_SCHEDULES,
    BUCKET,
    CALLER,
    CALLER_MAY,
    FUNCTION,
    RESOURCES,
    ROOT,
    SCHEDULES,
    TEMPLATE,
    WORKER,
    WORKER_MAY,
)

ACCOUNT = "111122223333"
QUEUE = "https://sqs.eu-central-1.amazonaws.com/111122223333/messages"
CALLS = "https://sqs.eu-central-1.amazonaws.com/111122223333/calls"
ROLE = "arn:aws:iam::111122223333:role/scheduler"
DEAD_LETTERS = "arn:aws:sqs:eu-central-1:111122223333:dead"
# Lambda sets the region, the worker alone tells agents and reads what models need, the caller alone
# has threads, and API Gateway answers for origins.
NOT_THE_APIS = {
    "region",
    "api_function",
    "call_threads",
    "cors_origins",
    "secrets_prefix",
    "input_places",
    "callback_url",
}
OWN_FUNCTION = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
WORKER_ARN = OWN_FUNCTION + "${AWS::StackName}-worker"


CONSOLE_ROUTES = {
    "RootRoute": "GET /",
    "ConsoleRoute": "GET /console",
    "ConsoleFilesRoute": "GET /console/{proxy+}",
}


def _default(value: Any) -> str:
    """What a setting is where nobody gives the stack a parameter."""
    known = {
        "AWS::AccountId": ACCOUNT,
        "AWS::StackName": "ai-coordination",
        "Messages": QUEUE,
        "Calls": CALLS,
        BUCKET: "texts",
        "TablePrefix": Settings().table_prefix,  # `make deploy` gives the stack's name
        SCHEDULES: "schedules",
        ARN_OF_ROLE: ROLE,
        ARN_OF_DEAD: DEAD_LETTERS,
        WORKER_ARN: WORKER_ARN,
    }
    (name,) = value.values()
    if isinstance(name, list):
        return str(name[-1])  # the condition's parameter is empty by default
    return known.get(name) or str(TEMPLATE["Parameters"][name]["Default"])


def test_the_function_gets_every_setting_with_the_default_of_the_code() -> None:
    variables = FUNCTION["Environment"]["Variables"]
    environment = {name: _default(value) for name, value in variables.items()}

    settings = Settings.from_environment(environment)

    assert settings == Settings(
        account_id=ACCOUNT,
        queue_url=QUEUE,
        calls_queue_url=CALLS,
        texts_bucket="texts",
        schedule_group="schedules",
        schedule_role_arn=ROLE,
        schedule_dead_letters_arn=DEAD_LETTERS,
        worker_function_arn=WORKER_ARN,
    )
    assert {name for name in variables if name.startswith("AI_COORDINATION_")} == {
        f"AI_COORDINATION_{field.upper()}" for field in set(Settings._fields) - NOT_THE_APIS
    }


@each("function", [WORKER, CALLER], ids=["worker", "caller"])
def test_a_function_knows_as_the_api_does_which_functions_may_be_agents(
    function: dict[str, Any],
) -> None:
    names = {f"AI_COORDINATION_{name}" for name in ("AGENT_FUNCTION_PREFIX", "ACCOUNT_ID")}
    api, other = (one["Environment"]["Variables"] for one in (FUNCTION, function))

    assert {name: other[name] for name in names} == {name: api[name] for name in names}


@each("statements", [API_MAY, WORKER_MAY, CALLER_MAY], ids=["api", "worker", "caller"])
def test_no_permission_is_for_everything(statements: list[dict[str, Any]]) -> None:
    """tests/api/test_permissions.py compares each with the calls that are made."""
    actions = [action for one in statements for action in _listed(one["Action"])]
    open_ended = {one["Sid"] for one in statements for name in _resources(one) if "*" in name}

    assert not any("*" in action for action in actions)
    assert open_ended <= {"Texts", "Schedules", "Agents"}


def test_a_function_may_log_in_its_own_group_and_make_no_group() -> None:
    for function, statements in ((FUNCTION, API_MAY), (WORKER, WORKER_MAY), (CALLER, CALLER_MAY)):
        (logs,) = [one for one in statements if one["Sid"] == "Logs"]
        group = function["LoggingConfig"]["LogGroup"]["Ref"]

        assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert logs["Resource"] == {"GetAtt": f"{group}.Arn"}


@each(
    ("function", "statements", "role", "event"),
    [
        (WORKER, WORKER_MAY, "WorkerRole", "Messages"),
        (CALLER, CALLER_MAY, "CallerRole", "Calls"),
    ],
    ids=["worker", "caller"],
)
def test_a_function_receives_the_messages_of_its_own_queue_alone(
    function: dict[str, Any], statements: list[dict[str, Any]], role: str, event: str
) -> None:
    queue = function["Events"][event]["Properties"]["Queue"]
    receives = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}

    allowed = [one for one in statements if receives & set(_listed(one["Action"]))]

    assert function["Role"] == {"GetAtt": f"{role}.Arn"}
    assert queue == {"GetAtt": f"{event}.Arn"}
    assert [(one["Sid"], one["Resource"]) for one in allowed] == [("Work", queue), ("Again", queue)]
    assert receives <= {action for one in allowed for action in _listed(one["Action"])}


def test_lambda_puts_aside_events_that_failed_in_the_workers_role() -> None:
    may = {one["Sid"]: one for one in WORKER_MAY}
    failed = WORKER["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]

    assert may["Failed"]["Action"] == "sqs:SendMessage"
    assert may["Failed"]["Resource"] == failed["Destination"] == {"Sub": ARN_OF_DEAD}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _resources(statement: Mapping[str, Any]) -> set[str]:
    resources = statement["Resource"]
    listed = resources if isinstance(resources, list) else [resources]
    return {next(iter(resource.values())) for resource in listed}


def test_the_worker_alone_deletes_large_texts_and_only_in_the_bucket() -> None:
    api, worker, caller = (
        {one["Sid"]: one for one in may} for may in (API_MAY, WORKER_MAY, CALLER_MAY)
    )

    for others in (api, caller):
        assert others["Texts"]["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert _resources(worker["Texts"]) == {ARN_OF_BUCKET + "/*"}
    assert _resources(worker["TextsOfASession"]) == {ARN_OF_BUCKET}


def test_the_worker_has_the_name_that_schedules_keep() -> None:
    """tests/test_data_template.py says who may invoke it."""
    assert WORKER["FunctionName"] == {"Sub": "${AWS::StackName}-worker"}


def test_the_api_passes_the_scheduler_its_role_and_nobody_else() -> None:
    (passing,) = [one for one in API_MAY if one["Action"] == "iam:PassRole"]

    assert passing["Resource"] == {"Sub": ARN_OF_ROLE}
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
    }


def test_the_worker_deletes_timers_and_makes_none() -> None:
    statements = {one["Sid"]: one for one in WORKER_MAY}

    assert statements["Schedules"]["Action"] == "scheduler:DeleteSchedule"
    assert _resources(statements["Schedules"]) == {ARN_OF_SCHEDULES + "/*"}


def test_the_caller_is_the_worker_with_more_time_and_threads() -> None:
    lane = {
        "Description",
        "FunctionName",
        "Role",
        "MemorySize",
        "Timeout",
        "LoggingConfig",
        "Environment",
        "Events",
    }
    of_the_worker = lane | {"EventInvokeConfig"}  # which also fires and sweeps

    common = {name: value for name, value in CALLER.items() if name not in lane}

    assert common == {name: value for name, value in WORKER.items() if name not in of_the_worker}
    assert (WORKER["Timeout"], CALLER["Timeout"]) == (120, 900)
    assert CALLER["MemorySize"] == {"Ref": "CallMemory"}
    assert WORKER["MemorySize"] == TEMPLATE["Parameters"]["CallMemory"]["Default"] == 512
    for events in (WORKER["Events"]["Messages"], CALLER["Events"]["Calls"]):
        assert events["Properties"]["BatchSize"] == 10
        assert events["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_batch_of_calls_begins_in_threads_at_once() -> None:
    threads = TEMPLATE["Parameters"]["CallThreads"]["Default"]

    variables = CALLER["Environment"]["Variables"]
    assert variables["AI_COORDINATION_CALL_THREADS"] == {"Ref": "CallThreads"}
    assert threads == Settings().call_threads
    assert threads >= CALLER["Events"]["Calls"]["Properties"]["BatchSize"]


@each(("queue", "function"), [("Messages", WORKER), ("Calls", CALLER)], ids=["steps", "calls"])
def test_a_message_is_hidden_for_as_long_as_its_function_may_take(
    queue: str, function: dict[str, Any]
) -> None:
    given = RESOURCES[queue]["Properties"]

    assert function["Timeout"] < given["VisibilityTimeout"] <= 6 * function["Timeout"]
    assert given["RedrivePolicy"]["deadLetterTargetArn"] == {"Sub": ARN_OF_DEAD}
    assert given["RedrivePolicy"]["maxReceiveCount"] == int(local_worker.MAX_RECEIVES)


def test_by_default_half_of_a_new_account_is_left_for_the_api_and_functions_of_agents() -> None:
    """It has 10 concurrent executions."""
    steps, calls = (
        TEMPLATE["Parameters"][name]["Default"] for name in ("StepsConcurrency", "CallsConcurrency")
    )

    assert steps + calls == 5


def test_the_sweep_says_what_it_is() -> None:
    sweep = WORKER["Events"]["Sweep"]["Properties"]

    assert sweep["Schedule"] == "rate(1 minute)"
    assert json.loads(sweep["Input"]) == {"kind": "sweep"}


def test_each_alarm_tells_the_topic_and_is_explained() -> None:
    text = (ROOT / "docs" / "guides" / "operate.md").read_text()
    alarms = {
        name: one["Properties"]
        for name, one in RESOURCES.items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }

    assert [name for name in alarms if f"`{name}`" not in text] == []
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}]
    switches = {name for name, one in alarms.items() if one["TreatMissingData"] == "breaching"}
    assert switches == {"SweepsAlarm"}


def test_each_metric_of_the_engine_that_an_alarm_watches_is_sent_by_its_code() -> None:
    watched = {
        one["Properties"]["MetricName"]
        for one in RESOURCES.values()
        if one["Type"] == "AWS::CloudWatch::Alarm"
        and one["Properties"]["Namespace"] == "AiCoordination"
    }
    code = "".join(file.read_text() for file in (ROOT / "ai_coordination").rglob("*.py"))

    assert watched >= {"Sweeps", "WorkLost", "QueueDelay", "CallsDelay"}
    assert [name for name in watched if f'"{name}"' not in code] == []


def test_every_route_but_those_of_callbacks_and_the_console_needs_a_token_or_a_signature() -> None:
    routes = {
        resource["Properties"]["RouteKey"]: resource["Properties"]
        for name, resource in RESOURCES.items()
        if resource["Type"] == "AWS::ApiGatewayV2::Route" and name not in CONSOLE_ROUTES
    }
    no_value = {"Ref": "AWS::NoValue"}
    callback = routes.pop("POST /callbacks/{sessionUuid}/{sessionAgentUuid}/{runUuid}")

    assert callback["AuthorizationType"] == "NONE"
    assert callbacks.is_callback(callback["RouteKey"])
    assert routes.keys() == {"GET /graphql", "POST /graphql"}
    for route in routes.values():
        assert route["AuthorizationType"] == {"If": ["HasTokens", "JWT", "AWS_IAM"]}
        assert route["AuthorizerId"] == {"If": ["HasTokens", {"Ref": "Authorizer"}, no_value]}
    assert RESOURCES["Authorizer"]["Properties"]["AuthorizerType"] == "JWT"
    assert TEMPLATE["Parameters"]["JwtIssuer"]["Default"] == ""


def test_the_console_is_off_by_default_and_whole_where_it_is_on() -> None:
    parts = {name for name, one in RESOURCES.items() if "Console" in name or name == "RootRoute"}
    off = {name for name, one in RESOURCES.items() if one.get("Condition") == "HasConsole"}

    assert TEMPLATE["Parameters"]["Console"]["Default"] == "false"
    assert TEMPLATE["Conditions"]["HasConsole"] == {"Equals": [{"Ref": "Console"}, "true"]}
    assert parts == off > CONSOLE_ROUTES.keys()
    assert TEMPLATE["Outputs"]["ConsoleUrl"]["Condition"] == "HasConsole"


def test_the_console_is_reached_without_a_token_and_may_do_nothing_but_log() -> None:
    routes = {name: RESOURCES[name]["Properties"] for name in CONSOLE_ROUTES}
    integration = RESOURCES["ConsoleIntegration"]["Properties"]

    assert {name: route["RouteKey"] for name, route in routes.items()} == CONSOLE_ROUTES
    assert {route["AuthorizationType"] for route in routes.values()} == {"NONE"}
    assert {route["Target"]["Sub"] for route in routes.values()} == {
        "integrations/${ConsoleIntegration}"
    }
    assert integration["IntegrationUri"] == {"GetAtt": "ConsoleFunction.Arn"}
    assert integration["PayloadFormatVersion"] == "2.0"
    (policy,) = RESOURCES["ConsoleRole"]["Properties"]["Policies"]
    (logs,) = policy["PolicyDocument"]["Statement"]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert logs["Resource"] == {"GetAtt": "ConsoleLogs.Arn"}


def test_the_console_gets_each_of_its_settings_with_the_default_of_the_code() -> None:
    function = RESOURCES["ConsoleFunction"]["Properties"]
    variables = function["Environment"]["Variables"]
    parameters = {name: TEMPLATE["Parameters"][one["Ref"]] for name, one in variables.items()}
    given = {name: one["Default"] for name, one in parameters.items()}
    place = {f"{PREFIX}ISSUER": "https://issuer.example", f"{PREFIX}CLIENT_ID": "console"}

    assert SignIn.from_environment(given) is None
    assert SignIn.from_environment({**given, **place}) == SignIn(
        "https://issuer.example", "console"
    )
    assert variables.keys() == {f"{PREFIX}{name.upper()}" for name in SignIn._fields}
    assert parameters[f"{PREFIX}TOKEN"]["AllowedValues"] == list(TOKENS)
    module, _, name = function["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    assert (function["Runtime"], function["Architectures"]) == (
        FUNCTION["Runtime"],
        FUNCTION["Architectures"],
    )


def test_agents_call_back_at_the_stage_of_the_api() -> None:
    output = TEMPLATE["Outputs"]["ApiUrl"]["Value"]["Sub"]

    given = CALLER["Environment"]["Variables"]["AI_COORDINATION_CALLBACK_URL"]
    assert given == {"Sub": output.removesuffix("/graphql")}
    assert RESOURCES["ApiStage"]["Properties"]["StageName"] == "$default"


def test_api_gateway_may_invoke_the_function_for_its_routes_alone() -> None:
    start = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/"
    permissions = {
        one["Properties"]["SourceArn"]["Sub"].removeprefix(start): one["Properties"]
        for one in RESOURCES.values()
        if one["Type"] == "AWS::Lambda::Permission"
    }

    console = permissions.pop("GET/*")
    assert console["FunctionName"] == {"Ref": "ConsoleFunction"}
    assert permissions.keys() == {"*/graphql", "POST/callbacks/*"}
    assert {one["FunctionName"]["Ref"] for one in permissions.values()} == {"ApiFunction.Alias"}


def test_api_gateway_allows_other_origins_what_the_development_server_does() -> None:
    condition, given, otherwise = RESOURCES["Api"]["Properties"]["CorsConfiguration"]["If"]
    asking = {"origin": "https://a.example", "access-control-request-method": "POST"}
    answer = cors.preflight(asking, ("https://a.example",))
    exposed = cors.headers(asking, ("https://a.example",))["access-control-expose-headers"]

    assert (condition, otherwise) == ("HasOrigins", {"Ref": "AWS::NoValue"})
    assert given == {
        "AllowOrigins": {"Ref": "CorsOrigins"},
        "AllowMethods": answer["access-control-allow-methods"].split(", "),
        "AllowHeaders": answer["access-control-allow-headers"].split(", "),
        "ExposeHeaders": exposed.split(", "),
        "MaxAge": int(answer["access-control-max-age"]),
    }


def test_api_gateway_bounds_the_requests_of_all_callers_and_logs_why_one_failed() -> None:
    stage = RESOURCES["ApiStage"]["Properties"]
    logged = json.loads(stage["AccessLogSettings"]["Format"])

    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": {"Ref": "RequestsPerSecond"},
        "ThrottlingBurstLimit": {"Ref": "RequestBurst"},
    }
    assert logged["integration"] == "$context.integrationErrorMessage"


def test_who_calls_the_api_calls_the_published_version() -> None:
    alias = {"Ref": "ApiFunction.Alias"}

    assert RESOURCES["Integration"]["Properties"]["IntegrationUri"] == alias
    assert RESOURCES["ApiPermission"]["Properties"]["FunctionName"] == alias
    for function in (WORKER, CALLER):
        assert function["Environment"]["Variables"]["AI_COORDINATION_API_FUNCTION"] == alias


def test_no_function_is_stopped_for_recursion_and_if_so_an_alarm_rings() -> None:
    """Lambda stops a chain of 16 invocations unless it is allowed: 17 steps are one."""
    functions = [
        name
        for name, one in RESOURCES.items()
        if one["Type"] == "AWS::Serverless::Function" and name != "ConsoleFunction"
    ]
    watched = [
        one["Properties"]["Dimensions"]
        for one in RESOURCES.values()
        if one["Type"] == "AWS::CloudWatch::Alarm"
        and one["Properties"]["MetricName"] == "RecursiveInvocationsDropped"
    ]

    assert {RESOURCES[name]["Properties"]["RecursiveLoop"] for name in functions} == {"Allow"}
    assert watched == [[{"Name": "FunctionName", "Value": {"Ref": name}}] for name in functions]


def test_the_package_is_built_for_the_runtime_of_the_function() -> None:
    makefile = (ROOT / "Makefile").read_text()
    version = re.search(r"^LAMBDA_VERSION := (.*)$", makefile, re.MULTILINE)
    platform = re.search(r"^LAMBDA_PLATFORM := (.*)$", makefile, re.MULTILINE)

    assert version
    assert platform
    assert FUNCTION["Runtime"] == f"python{version[1]}"
    assert FUNCTION["Architectures"] == ["arm64"]
    assert platform[1] == "manylinux2014_aarch64"


def test_nothing_is_deployed_without_a_python_that_compiles_the_package() -> None:
    """Without .pyc a start takes 2 to 4 times as long; a mere build may do without."""
    makefile = (ROOT / "Makefile").read_text()
    first, *_ = re.findall(r"^deploy: .*\n\t@(.*)$", makefile, re.MULTILINE)

    assert first == ".ci/lambda-python $(LAMBDA_VERSION) >/dev/null"


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
        name for text in sources for name in re.findall(r"clients(?:\.new)?\(\s*\"([\w-]+)\"", text)
    }

    kept = set(re.findall(r'"([\w-]+)"', re.findall(r"^SERVICES = .*$", trim, re.MULTILINE)[0]))

    assert kept == made | {"dynamodb"}


def _names(file: str) -> set[str]:
    lines = (ROOT / file).read_text().splitlines()
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines]
    return {_normal(name[0]) for name in names if name}


def _normal(name: str) -> str:
    return re.sub(r"[._-]+", "-", name).lower()


def test_secrets_and_input_files_may_be_read_only_where_they_are_configured() -> None:
    found = {
        name: (RESOURCES[name]["Condition"], *_only_statement(name))
        for name in ("SecretsPolicy", "InputFilesPolicy")
    }

    parameters = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"
    assert found == {
        "SecretsPolicy": ("HasSecrets", "ssm:GetParameter", parameters + "${SecretsPrefix}/*"),
        "InputFilesPolicy": (
            "HasInputPlace",
            "s3:GetObject",
            "arn:${AWS::Partition}:s3:::${InputPlace}/*",
        ),
    }


def test_models_of_bedrock_may_be_called_only_if_they_are_configured() -> None:
    policy = RESOURCES["BedrockPolicy"]
    api, caller = (one["Environment"]["Variables"] for one in (FUNCTION, CALLER))
    models, guardrails = policy["Properties"]["PolicyDocument"]["Statement"]

    assert policy["Condition"] == "HasBedrockModels"
    assert policy["Properties"]["Roles"] == [{"Ref": "CallerRole"}]
    assert (models["Action"], models["Resource"]) == (
        "bedrock:InvokeModel",
        {"Ref": "BedrockModels"},
    )
    assert (guardrails["Action"], guardrails["Resource"]) == (
        "bedrock:ApplyGuardrail",
        {
            "Sub": "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:guardrail/*",
        },
    )
    assert api["AI_COORDINATION_BEDROCK_MODELS"] == {"If": ["HasBedrockModels", "*", ""]}
    assert caller["AI_COORDINATION_BEDROCK_MODELS"] == {"Join": [",", {"Ref": "BedrockModels"}]}


def _only_statement(name: str) -> tuple[str, str]:
    properties = RESOURCES[name]["Properties"]
    assert properties["Roles"] == [{"Ref": "CallerRole"}]
    (statement,) = properties["PolicyDocument"]["Statement"]
    return statement["Action"], statement["Resource"]["Sub"]


def test_the_function_that_calls_models_alone_knows_their_hosts_secrets_and_files() -> None:
    api, caller = (one["Environment"]["Variables"] for one in (FUNCTION, CALLER))

    assert api["AI_COORDINATION_AGENT_HOSTS"] == {"If": ["HasAgentHosts", UNCHECKED, ""]}
    assert caller["AI_COORDINATION_AGENT_HOSTS"] == {"Ref": "AgentHosts"}
    assert caller["AI_COORDINATION_SECRETS_PREFIX"] == {"Ref": "SecretsPrefix"}
    assert caller["AI_COORDINATION_INPUT_PLACES"] == {
        "If": ["HasInputPlace", {"Sub": "${InputPlace}/{endpointId}/{partId}"}, ""]
    }
