"""Blueprint files: a coordination and a task as YAML, in the words of the API's inputs."""

from ai_coordination.local.blueprints.document import Blueprint, InvalidBlueprint
from ai_coordination.local.blueprints.reading import read
from ai_coordination.local.blueprints.writing import Written, find_coordination, write

__all__ = ["Blueprint", "InvalidBlueprint", "Written", "find_coordination", "read", "write"]
