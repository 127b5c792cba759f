"""Check a built site: all internal links and anchors exist, and nothing is loaded from elsewhere.

`python -m docs_tools.check_site FOLDER` prints what is wrong, and how much was checked. The site's
generator checks the links that are written in Markdown; this checks those in the pages themselves,
included files and navigation too, and what a page loads.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

# What a browser loads without a click, by element: the attribute that names it.
_LOADED: Final = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "input": "src",
    "object": "data",
    "script": "src",
    "source": "src",
    "track": "src",
    "video": "src",
}
# Links of a page's head that a browser follows by itself; `canonical` and the like are not.
_FETCHED: Final = {"dns-prefetch", "icon", "manifest", "modulepreload", "preconnect", "preload"}
_FETCHED_TOO: Final = {"prefetch", "stylesheet"}
_IN_CSS: Final = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


@dataclass
class Page:
    """The links, anchors and loaded files of an HTML file."""

    path: Path
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self._page.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag in ("a", "area") and "href" in given:
            self._page.links.append(given["href"])
        if tag == "link" and {*given.get("rel", "").split()} & (_FETCHED | _FETCHED_TOO):
            self._page.loaded.append(given.get("href", ""))
        if _LOADED.get(tag, "") in given:
            self._page.loaded.append(given[_LOADED[tag]])
        self._page.loaded.extend(_named_in(given.get("style", "")))


def _named_in(css: str) -> list[str]:
    return [one or other for one, other in _IN_CSS.findall(css)]


def read(path: Path) -> Page:
    """The links, anchors and loaded files of an HTML file."""
    page = Page(path)
    _Reader(page).feed(path.read_text("utf-8"))
    return page


@dataclass
class Site:
    """The HTML files of a folder."""

    folder: Path
    pages: dict[Path, Page]

    def broken_links(self) -> Iterator[str]:
        """Yield the internal links to a page or anchor that does not exist."""
        for page in self.pages.values():
            for link in page.links:
                if not _is_elsewhere(link) and (wrong := self._why_broken(page, link)):
                    yield f"{self._name(page.path)}: {link}: {wrong}"

    def _why_broken(self, page: Page, link: str) -> str | None:
        parts = urlsplit(link)
        target = self._target(page.path, parts.path)
        if not target.exists():
            return "no such page"
        anchor = unquote(parts.fragment)
        known = self.pages.get(target)
        if anchor and known and anchor not in known.anchors:
            return "no such anchor"
        return None

    def _target(self, source: Path, path: str) -> Path:
        if not path:
            return source
        base = self.folder if path.startswith("/") else source.parent
        target = (base / unquote(path).lstrip("/")).resolve()
        return target / "index.html" if target.is_dir() else target

    def loaded_from_elsewhere(self) -> Iterator[str]:
        """Yield the files that a browser would load from another host, or that are missing."""
        for page in self.pages.values():
            for name in page.loaded:
                yield from self._wrongly_loaded(page.path, name)
        for sheet in sorted(self.folder.rglob("*.css")):
            for name in _named_in(sheet.read_text("utf-8")):
                yield from self._wrongly_loaded(sheet, name)

    def _wrongly_loaded(self, source: Path, name: str) -> Iterator[str]:
        if name.startswith("data:"):
            return
        if _is_elsewhere(name):
            yield f"{self._name(source)} loads {name}"
        elif not self._target(source, urlsplit(name).path).exists():
            yield f"{self._name(source)} loads {name}, which is missing"

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.folder))

    @property
    def links(self) -> int:
        """The number of internal links."""
        return sum(not _is_elsewhere(link) for page in self.pages.values() for link in page.links)


def _is_elsewhere(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)


def load(folder: Path) -> Site:
    """Read all pages of a site but the 404 page, whose relative links depend on the URL."""
    folder = folder.resolve()
    paths = [path for path in sorted(folder.rglob("*.html")) if path.name != "404.html"]
    return Site(folder, {path: read(path) for path in paths})


def main(folder: Path) -> int:
    """Print all problems. Returns 1 if there are any, or if there is no site."""
    site = load(folder)
    wrong = [*site.broken_links(), *site.loaded_from_elsewhere()]
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{len(site.pages)} pages, {site.links} internal links, {len(wrong)} wrong")
    return 1 if wrong or not site.pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
