"""The form that a JSON Schema describes, shown alone."""

import json
from typing import Any

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.served import Served
from tests.browser.stage import open_stage

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
SCHEMA = {
    "type": "object",
    "title": "Expense",
    "properties": {
        "reason": {"type": "string", "description": "Why it was needed."},
        "shortCode": {"type": "string", "maxLength": 8},
        "amount": {"type": "number", "minimum": 0, "maximum": 500},
        "count": {"type": "integer", "default": 1},
        "when": {"type": "string", "format": "date"},
        "level": {"enum": ["low", "high", 3]},
        "urgent": {"type": "boolean"},
        "read": {"type": "boolean", "title": "I have read it"},
        "areas": {"type": "array", "items": {"enum": ["EU", "US"]}},
        "names": {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 2},
        "place": {"$ref": "#/$defs/place"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "more": {"type": "object"},
        "__proto__": {"type": "string", "title": HOSTILE},
    },
    "required": ["reason", "read", "note", "level"],
    "$defs": {"place": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
SHOW = """async (given) => {
  const { schema, value, error } = JSON.parse(given);
  const { h, render } = await import('preact');
  const { useState } = await import('preact/hooks');
  const { SchemaForm, initial } = await import('./components/schema_form.js');
  window.sent = [];
  function Example() {
    const [now, setNow] = useState(value ?? initial(schema));
    window.value = now;
    const send = (event) => (event.preventDefault(), window.sent.push(now));
    return h('form', { onSubmit: send },
      h(SchemaForm, { schema, value: now, onChange: setNow, path: ['answer'], error }),
      h('button', {}, 'Send'));
  }
  render(h(Example), document.getElementById('stage'));
}"""

# Whether the field has a problem before the browser paints anything.
TYPE_HALF_A_VALUE = """async () => {
  const field = document.querySelector('#stage textarea.code');
  field.value = '{';
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  await new Promise((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
  return field.validity.customError;
}"""


def show(page: Page, served: Served, schema: Any = SCHEMA, **more: Any) -> None:
    open_stage(served, page)
    page.evaluate(SHOW, json.dumps({"schema": schema, **more}))


def held(page: Page) -> Any:
    return json.loads(page.evaluate("JSON.stringify(window.value)"))


def test_each_kind_of_field_gives_a_value_of_its_type(served: Served, page: Page) -> None:
    show(page, served)
    assert held(page) == {"count": 1, "read": False}
    page.get_by_role("button", name="Send").click()
    assert page.evaluate("window.sent") == []  # The browser refuses: two required fields are empty.
    page.get_by_label("Reason").fill("Travel\nto Oslo")
    page.get_by_label("Short code").fill("X1")
    page.get_by_label("Amount").press_sequentially("1.05")
    page.get_by_label("Count").fill("")
    page.get_by_label("When").fill("2026-12-24")
    page.get_by_label("Level").select_option("3")
    page.get_by_label("Urgent").select_option("No")
    page.get_by_label("I have read it").check()
    page.get_by_label("US").check()
    page.get_by_label("EU").check()
    page.get_by_role("button", name="Add to Names").click()
    page.get_by_role("button", name="Add to Names").click()
    expect(page.get_by_role("button", name="Add to Names")).to_have_count(0)
    page.get_by_role("textbox", name="Names 1").fill("Ada")
    page.get_by_role("textbox", name="Names 2").fill("Bo")
    page.get_by_role("button", name="Remove Names 1").click()
    page.get_by_label("City").fill("Oslo")
    page.get_by_label("More").fill('{"a": [1]}')
    page.get_by_label(HOSTILE).fill("kept")
    page.get_by_role("button", name="Send").click()
    whole = {
        "reason": "Travel\nto Oslo",
        "shortCode": "X1",
        "amount": 1.05,
        "when": "2026-12-24",
        "level": 3,
        "urgent": False,
        "read": True,
        "areas": ["EU", "US"],
        "names": ["Bo"],
        "place": {"city": "Oslo"},
        "more": {"a": [1]},
        "__proto__": "kept",
    }
    assert held(page) == whole
    assert page.evaluate("window.sent.length") == 1
    page.get_by_label("City").fill("")
    page.get_by_label("More").fill("{")
    page.get_by_text("This is not JSON.").wait_for()
    page.get_by_role("button", name="Send").click()
    assert page.evaluate("window.sent.length") == 1
    page.get_by_label("More").fill("")
    del whole["place"], whole["more"]
    assert held(page) == whole


def test_half_a_json_value_is_noticed_as_soon_as_it_is_typed(served: Served, page: Page) -> None:
    show(page, served)
    assert page.evaluate(TYPE_HALF_A_VALUE) is True


def test_json_and_fields_show_the_same_value(served: Served, page: Page) -> None:
    show(page, served, value={"reason": "x", "unknown": 7, "amount": "many", "areas": "EU"})
    assert json.loads(page.get_by_label("Areas").input_value()) == "EU"
    page.get_by_label("Reason").fill("y")
    page.get_by_role("button", name="Edit as JSON").click()
    text = page.get_by_label("Expense")
    assert json.loads(text.input_value()) == {
        "reason": "y",
        "amount": "many",
        "areas": "EU",
        "unknown": 7,
    }
    text.fill('{"reason": "z", "unknown": 8}')
    page.get_by_role("button", name="Edit as a form").click()
    expect(page.get_by_label("Reason")).to_have_value("z")
    assert held(page) == {"reason": "z", "unknown": 8}


def test_an_error_is_at_its_field(served: Served, page: Page) -> None:
    error = {"message": "This must be a text", "inputPath": ["answer", "place", "city"]}
    show(page, served, error=error)
    field = page.locator(".field.wrong")
    expect(field).to_have_count(1)
    expect(field).to_contain_text("City")
    expect(field.get_by_role("alert")).to_have_text("This must be a text")


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "array"},
        {"type": "object", "properties": {}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"anyOf": [{"type": "string"}, {"type": "number"}]},
        None,
    ],
    ids=repr,
)
def test_what_no_field_can_hold_is_json(served: Served, page: Page, schema: Any) -> None:
    show(page, served, schema)
    page.locator("textarea").fill("[1, null]")
    assert held(page) == [1, None]


def test_a_form_that_contains_itself_ends_in_json(served: Served, page: Page) -> None:
    node = {"type": "object", "properties": {"child": {"$ref": "#/$defs/node"}}}
    show(page, served, {**node, "$defs": {"node": node}})
    expect(page.locator("fieldset")).to_have_count(5)
    page.locator("textarea").fill('{"child": {}}')
    assert "child" in held(page)["child"]["child"]["child"]["child"]["child"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_form_is_accessible(served: Served, new_page: NewPage, scheme: str) -> None:
    page = new_page(bypass_csp=True, color_scheme=scheme)
    error = {"message": "This must be a text", "inputPath": ["answer", "reason"]}
    show(page, served, error=error)
    page.evaluate("document.querySelector('main').prepend(document.createElement('h1'))")
    page.evaluate("document.querySelector('h1').append('Form')")
    assert violations(page) == []
