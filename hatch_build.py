"""Makes the manual pages while a wheel is built: ``share/man/man1`` of the environment."""

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPages(BuildHookInterface[Any]):
    """Needs click alone: commands import no other library before they run."""

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
