"""The stand-in for every agent of these blueprints: it answers as its parameters say.

    make try BLUEPRINT=examples/public/03-two-a2a-agents.yaml

In a product these agents are language models, tools and services. Here `script` in an agent's
parameters is a list of what it may do. The first entry that applies is done:

    told       applies only if the agent's input has this text
    turn       applies only in this turn, from 1
    attempt    applies only in this attempt, from 1

    say        answer with this text, or with this value as JSON. {input} stands for the input
    ask        ask a person this question
    delegate   let other agents do this work: a list of agentUuid, subtaskQuery and after
    fail       fail with these notes
"""

import json


def stand_in(event: dict, context: object) -> object:
    """Do the first entry of the agent's script that applies."""
    told = event["agentInput"]
    for entry in event["agent"]["parameters"]["script"]:
        applies = (
            entry.get("told", "") in told
            and entry.get("turn") in (None, event["turn"])
            and entry.get("attempt") in (None, event["attempt"])
        )
        if applies:
            return _done(entry, told)
    raise ValueError(f"No entry of the script applies to this input: {told}")


def _done(entry: dict, told: str) -> object:
    if "fail" in entry:
        raise RuntimeError(entry["fail"])
    if "ask" in entry:
        return {"question": entry["ask"]}
    if "delegate" in entry:
        return {"delegate": entry["delegate"]}
    said = entry["say"]
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return text.replace("{input}", told)
