"""The members of a question's form: what a person is asked for, and what the typed text means."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ai_coordination.runtimes import forms

YES_AND_NO = {"y": True, "yes": True, "n": False, "no": False}


class Member(NamedTuple):
    """One member of a form. `schema` has the form's definitions, so references in it work."""

    name: str
    schema: Mapping[str, Any]
    is_required: bool

    @property
    def default(self) -> Any:
        """What it is if nothing is typed; None if it is left out then."""
        return self.schema.get("default")

    @property
    def must_be_typed(self) -> bool:
        return self.is_required and self.default is None

    @property
    def label(self) -> str:
        """What the person is asked for: the title, what it means, and what is possible."""
        schema, hints = self.schema, []
        if "description" in schema:
            hints.append(str(schema["description"]))
        if "enum" in schema:
            hints.append(" or ".join(map(str, schema["enum"])))
        elif schema.get("type", "string") != "string":
            kind = schema["type"]
            hints.append("true or false" if kind == "boolean" else str(kind))
        if self.default is not None:
            hints.append(f"Enter: {json.dumps(self.default, ensure_ascii=False)}")
        title = str(schema.get("title", self.name))
        return f"{title} ({', '.join(hints)})" if hints else title

    def value(self, typed: str) -> Any:
        """What was typed, as the member wants it. What does not fit stays a text."""
        schema = self.schema
        if schema.get("type") == "boolean" and typed.lower() in YES_AND_NO:
            return YES_AND_NO[typed.lower()]
        if schema.get("type") == "array" and not typed.startswith("["):
            item = Member("", {**schema.get("items", {}), "$defs": schema["$defs"]}, True)
            return [item.value(part.strip()) for part in typed.split(",")]
        if forms.problem_of_reply(schema, typed) is None:
            return typed
        try:
            return json.loads(typed)
        except ValueError:
            return typed

    def agreeing(self, text: str) -> Any:
        """A value that agrees: the default, the first choice, yes, the least number, or `text`."""
        if self.default is not None:
            return self.default
        if "enum" in self.schema:
            return self.schema["enum"][0]
        values = {"string": text, "boolean": True, "array": [], "object": {}}
        return values.get(str(self.schema.get("type")), self.schema.get("minimum", 1))


def members(form: Mapping[str, Any], default: Mapping[str, Any] | None = None) -> Iterator[Member]:
    """The members of a form, in its order. Those of `default` replace the form's own defaults."""
    definitions = {"$defs": form.get("$defs", {})}
    for name, schema in form.get("properties", {}).items():
        own = {} if default is None or name not in default else {"default": default[name]}
        yield Member(name, {**schema, **definitions, **own}, name in form.get("required", ()))


def agreeing(form: Mapping[str, Any], text: str) -> dict[str, Any]:
    """An answer that agrees. It has what is required; if nothing is, it has every member."""
    everyone = list(members(form))
    required = [member for member in everyone if member.is_required] or everyone
    return {member.name: member.agreeing(text) for member in required}
