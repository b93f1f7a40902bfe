"""Files and folders that options name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from nginx2istio.base.near import did_you_mean_path


class ExistingPath(click.Path):
    """A file or folder that must be there. Its error names the nearest one that is."""

    def __init__(self, **more: Any) -> None:
        super().__init__(exists=True, path_type=Path, **more)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """As click's."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if not os.path.lexists(value):
                self.fail(error.message + did_you_mean_path(os.fspath(value)), param, ctx)
            raise
