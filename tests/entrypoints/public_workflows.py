"""The expected paths of the workflows in examples/public: which agents run, and their outputs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ai_coordination.testing import answer, approve, choose, reject, revise


class Case(NamedTuple):
    """How a workflow goes.

    `path` has the agents in the order in which they run: those in one group, at the same time.
    `output` is the session's, or why it has failed. `people` answer, each their decisions one after
    the other.
    """

    path: str
    output: str
    status: str = "COMPLETED"
    query: str | None = None
    people: Mapping[str, Any] = {}
    # Agents that work elsewhere, and what they answer.
    elsewhere: Mapping[str, str] = {}


CASES: dict[str, list[Case]] = {
    "01-governed-agent": [
        Case(
            (
                "plan > orders + stock > assess + contract > plan > prices > assess + "
                "contract > passes + proposal > act"
            ),
            '{"act": "Raised", "stop": null}',
            people={"proposal": [approve()]},
        ),
        Case(
            (
                "plan > orders + stock > assess + contract > plan > prices > assess + "
                "contract > passes + proposal > stop:FAILED"
            ),
            "Stop has failed: A person has stopped the action",
            status="FAILED",
            people={"proposal": [reject("Too dear")]},
        ),
    ],
    "02-request-routing": [
        Case("route > look_up > answer > billing + reply", "Answered"),
        Case("route > look_up > answer > reply + support", "Answered", query="Where is my parcel?"),
        Case(
            "route > nobody:FAILED",
            "Nobody has failed: No team is responsible for this request",
            status="FAILED",
            query="Sing a song",
        ),
    ],
    "03-two-a2a-agents": [
        Case("flights + hotels > trip", '{"flights": "Two flights", "hotels": "Three hotels"}')
    ],
    "04-goods-received": [
        Case("read > classify > notes + proofs > reconcile", "1 box of delivery 7 is missing")
    ],
    "05-meal-planner": [
        Case(
            "blue + red > referee > blue + red > referee > choose + debate > recipe",
            "Soup for four",
        )
    ],
    "06-movie-pitch": [
        Case(
            (
                "comedy + crime + drama > choose > comedy + crime + drama + verdict > "
                "choose > pitch + rounds + verdict"
            ),
            "The long pitch of: A theft, but in space",
            people={"choose": [reject("More fun"), approve()]},
        )
    ],
    "07-story-writer": [
        Case(
            "plot > 3 scenes > 2 scenes > scenes + story",
            (
                "A story: [Storm of Storm/Island/Map/Cave/Home][Island of "
                "Storm/Island/Map/Cave/Home][Map of Storm/Island/Map/Cave/Home][Cave of "
                "Storm/Island/Map/Cave/Home][Home of Storm/Island/Map/Cave/Home]"
            ),
        )
    ],
    "08-async-pipeline": [
        Case(
            "inspect > images + text > merge",
            '{"merge": "Report with text and images", "stop": null}',
            elsewhere={"text": "A text", "images": "Two images"},
        ),
        Case(
            (
                "inspect > images:TIMED_OUT + text:TIMED_OUT > images:TIMED_OUT > "
                "text:TIMED_OUT > note_failure > stop:FAILED"
            ),
            "Stop has failed: A worker has failed",
            status="FAILED",
        ),
    ],
    "09-coding-agent": [Case("look > code > review:FAILED > open > end", "Left open")],
    "10-plan-and-execute": [
        Case("plan > execute > replan > execute > replan > answer + loop", "Bern")
    ],
    "11-supervisor-teams": [
        Case(
            (
                "supervisor > lead:DELEGATED > search > lead:DELEGATED > scraper > lead >"
                " research + said + supervisor > writer > editor > said + supervisor + "
                "writing > said + turns"
            ),
            "A warm room without dogs",
        )
    ],
    "12-deep-research": [
        Case(
            (
                "plan > plan > 2 search > 2 grade > 2 search > 2 grade > others + "
                "researched + 2 section > others + report"
            ),
            "The report: A good section; A good section; An end",
            people={"plan": [revise("tea in Japan"), approve()]},
        )
    ],
    "13-mail-assistant": [
        Case(
            (
                "triage > draft > calendar > decision + draft > rewrite > decision + "
                "draft + proposal > rewrite > decision + proposal + respond + send > end"
            ),
            "Sent",
            people={"proposal": [choose("respond", "Say noon"), choose("accept")]},
        ),
        Case("triage > notify > end", "Told", query="An invoice of ours"),
        Case("triage > end + ignored", "Ignored", query="Win a car"),
    ],
    "14-self-evaluation": [
        Case("write > judge > write > judge > publish + tries", "Published: A short post")
    ],
    "15-book": [
        Case(
            ("research > outline > 4 chapter_research > 4 chapter_write > book + chapters"),
            "[Chapter 1]\n[Chapter 2]\n[Chapter 3]\n[Chapter 4]",
        )
    ],
    "16-lead-score": [
        Case(
            (
                "4 score > best + decision + 5 score > best + decision + 4 mails + rounds"
                " + score > end + mails"
            ),
            '["Dear Ann", "Dear Bea", "Dear Cem", "Dear Dan"]',
            people={"best": [choose("again", "prefer Dan"), choose("mails")]},
        ),
        Case(
            "4 score > best + decision + end + rounds + score",
            "No mails",
            people={"best": [choose("quit")]},
        ),
    ],
    "17-meeting-notes": [
        Case(
            "clean > tasks > board + chat + file",
            '{"board": "2 cards", "file": "tasks.csv", "chat": "Posted"}',
        )
    ],
    "18-multi-selection": [
        Case(
            "store > analyse > answer + summarise > database + send",
            ('{"send": "Sent", "spam": null, "uncertain": null, "database": "Stored"}'),
        )
    ],
    "19-magentic": [
        Case(
            (
                "ledger > manager > maps > manager + said > maps > ledger + result + said"
                " + turns > manager > weather > manager + said > writer > answer + "
                "restarts + result + said + turns"
            ),
            "Go by bike: A fine day",
        )
    ],
    "20-group-chat": [
        Case(
            (
                "ann > ben + message > cem + message > dan + message > ann + message > "
                "ben + message > chat + message"
            ),
            (
                '["ann has spoken", "ben has spoken", "cem has spoken", "dan has spoken",'
                ' "ann has spoken", "ben has spoken"]'
            ),
        )
    ],
    "21-airline-desk": [
        Case(
            ("triage > questions > customer + reply + triage > seats > customer + reply + talk"),
            '{"heard": "Your seat is 12A", "said": "Bye"}',
            people={"reply": [answer("A seat at the window"), answer("Bye")]},
        )
    ],
    "22-financial-research": [
        Case(
            (
                "plan > 2 searches + searches:FAILED > searches + writer:DELEGATED > "
                "fundamentals + risk > writer > verify"
            ),
            "Verified: Solid, with one risk",
        )
    ],
    "23-loop-agent": [
        Case("draft > critic > refine > critic > refine > loop + story", "A grey cat")
    ],
    "24-survey": [
        Case(
            "4 sql > 4 run > answers + synthesis",
            "Four results, and a trend",
            people={"synthesis": [approve(seconds=60)]},
        )
    ],
    "25-human-in-the-loop": [
        Case(
            "form + one + several > approval + branch + task_2 > end",
            "Task 2",
            people={
                "form": [answer({"city": "Bern"})],
                "several": [answer({"chosen": ["red", "blue"]})],
                "one": [None],
                "approval": [approve()],
                "branch": [choose("task 2")],
            },
        ),
        Case(
            "approval + form + one + several > end",
            (
                '{"form": {"approved": null, "choice": null, "answer": {"city": "Bern"}, '
                '"text": null}, "one": {"approved": null, "choice": "option 1", "answer":'
                ' null, "text": null}, "several": {"approved": null, "choice": null, '
                '"answer": {"chosen": ["red"]}, "text": null}}'
            ),
            people={
                "form": [answer({"city": "Bern"})],
                "several": [answer({"chosen": ["red"]})],
                "one": [choose("option 1")],
                "approval": [None],
            },
        ),
    ],
    "26-real-estate": [
        Case(
            "supervisor:DELEGATED > lender + market > numbers > market > supervisor",
            "Buy, if the rent is above 1,800",
        )
    ],
    "27-called-workflow": [
        Case("caller > search > detail > call + details + response", "Details of Green tea")
    ],
    "28-requests-to-the-parent": [
        Case(
            (
                "requests > 2 allocate:DELEGATED > 2 policy + 2 resources > 2 allocate > "
                "allocations + summary"
            ),
            "Allocated, Allocated",
        )
    ],
}
