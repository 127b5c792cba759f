"""Test blueprints: the real engine on a virtual clock, with agents and people as functions.

It needs the extra `local` of this package. The guide "Test your blueprints" has an example.
"""

from ai_coordination.local.blueprints import InvalidBlueprint
from ai_coordination.local.client import Refused
from ai_coordination.testing.answers import (
    Asked,
    Decision,
    Delegate,
    Question,
    Reply,
    Work,
    answer,
    approve,
    choose,
    reject,
    revise,
)
from ai_coordination.testing.engine import Engine
from ai_coordination.testing.errors import NeverAtRest, NeverHappened, TestingError
from ai_coordination.testing.faults import Faults
from ai_coordination.testing.sessions import Agent, Blueprint, Run, Session

__all__ = [
    "Agent",
    "Asked",
    "Blueprint",
    "Decision",
    "Delegate",
    "Engine",
    "Faults",
    "InvalidBlueprint",
    "NeverAtRest",
    "NeverHappened",
    "Question",
    "Refused",
    "Reply",
    "Run",
    "Session",
    "TestingError",
    "Work",
    "answer",
    "approve",
    "choose",
    "reject",
    "revise",
]
