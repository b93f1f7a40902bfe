"""Where the pages of a finding and of a file of rules are: on a site, or in the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

SITE = ""
"""The address of the published pages, "" as long as there is none; --docs-url names another."""


@cache
def finding_page(code: str, site: str = SITE) -> str:
    """The page of a code: a URL on a site, else the path of the file in a checkout."""
    return _page("findings", site) + f"#{code.lower()}"


def rules_page(family: str, site: str = SITE) -> str:
    """The page of a file of rules, with the settings and an example."""
    return _page(f"rules/{family}", site)


def installed(page: str) -> str:
    """A page as a file of this installation, with the part after ``#`` as it is; URLs stay."""
    path, sign, anchor = page.removeprefix("docs/").partition("#")
    package = Path(str(files("nginx2istio")))
    for folder in (package / "docs", package.parent / "docs"):
        if (folder / path).is_file():
            return f"{folder / path}{sign}{anchor}"
    return page


def _page(name: str, site: str) -> str:
    return f"{site.rstrip('/')}/{name}.html" if site else f"docs/{name}.md"
