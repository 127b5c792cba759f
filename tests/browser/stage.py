"""A page in which a test shows one component of the console alone, by the console's modules."""

from tests.browser.conftest import Page
from tests.browser.served import Served

# The console is removed first: what it still loads would make it draw again.
CLEAR = """async () => {
  const { render } = await import('preact');
  const app = document.getElementById('app');
  render(null, app);
  const [empty, stage] = [app.cloneNode(false), document.createElement('main')];
  stage.id = 'stage';
  empty.append(stage);
  app.replaceWith(empty);
}"""


def open_stage(served: Served, page: Page) -> None:
    """Open a page whose element `#stage` is empty, in place of the console.

    The console must be drawn before it is removed: it asks the server how people sign in, and draws
    itself only then, over what a test has shown meanwhile.
    """
    page.goto(served.console("/nowhere"))
    page.get_by_text("There is no such page.").wait_for()
    page.evaluate(CLEAR)
