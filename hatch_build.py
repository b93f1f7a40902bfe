"""What a build adds: manual pages in the wheel, and the README and addresses of a package index.

``NGINX2ISTIO_REPOSITORY_URL`` names the repository of a release: no address is written in it.
"""

import os
import re
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<path>(?!https?:)[^)\s]+)\)")
"""A link in Markdown to a file of the repository."""


class ManPages(BuildHookInterface[Any]):
    """Makes ``share/man/man1`` of the environment. Needs click alone of what is imported."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the pages to a wheel; an editable one stays a pointer to the checkout."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from nginx2istio.cli import command_line
        from nginx2istio.cli.help.man_page import man_pages

        folder = Path(mkdtemp(prefix="nginx2istio-man-"))
        pages = man_pages(command_line, "nginx2istio", self.metadata.version)
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
            build_data["shared_data"][str(folder / name)] = f"share/man/man1/{name}"


class IndexPage(MetadataHookInterface):
    """Makes the page of a package index, on which no link to a file of the repository works."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Sets the README and, where the repository is named, the addresses."""
        repository = os.environ.get("NGINX2ISTIO_REPOSITORY_URL", "").rstrip("/")
        tag = f"v{metadata['version']}"
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = with_addresses(text, repository, tag)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        if repository:
            metadata["urls"] = {
                "Source": repository,
                "Documentation": f"{repository}/blob/{tag}/docs/get-started.md",
                "Changelog": f"{repository}/blob/{tag}/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }


def with_addresses(text: str, repository: str, tag: str) -> str:
    """Markdown whose links to files lead to the repository; without one they are plain text."""

    def link(match: re.Match[str]) -> str:
        if not repository:
            return "" if match["picture"] else match["text"]
        if match["path"].startswith("#"):
            return match[0]
        kind = "raw" if match["picture"] else "blob"
        address = f"{repository}/{kind}/{tag}/{match['path']}"
        return f"{match['picture']}[{match['text']}]({address})"

    return LINK.sub(link, text)
