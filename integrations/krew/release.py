"""Makes the archive and the manifest of a release for krew.

python integrations/krew/release.py BASE_URL FOLDER

BASE_URL is where the project lives: no address of it is written anywhere else.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def release(base_url: str, folder: Path) -> None:
    """Writes ``kubectl-nginx2istio.tar.gz`` and ``nginx2istio.yaml``; the same bytes each time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    values = {"VERSION": project["version"], "BASE_URL": base_url.rstrip("/")}
    program = _filled(HERE / "kubectl-nginx2istio", values).encode()
    archive = _archive({"kubectl-nginx2istio": program, "LICENSE": (ROOT / "LICENSE").read_bytes()})
    values["SHA256"] = hashlib.sha256(archive).hexdigest()
    (folder / "kubectl-nginx2istio.tar.gz").write_bytes(archive)
    manifest = _filled(HERE / "nginx2istio.yaml", values)
    (folder / "nginx2istio.yaml").write_text(manifest, encoding="utf-8")


def _filled(template: Path, values: dict[str, str]) -> str:
    text = template.read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if name.startswith("kubectl") else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


if __name__ == "__main__":
    release(sys.argv[1], Path(sys.argv[2]))
