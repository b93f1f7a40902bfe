"""What the site has beside docs/: README.md and its like, and the examples with their files.

mkdocs calls the functions (``hooks`` in mkdocs.yml). Links between all of these are those of the
repository; here they become those of the site.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
TOP = {"README.md": "index.md"} | {
    name: name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
}
"""Pages at the top of the repository, by their place on the site."""
SHOWN = {".yaml": "yaml", ".py": "python"}
"""Files of an example that its page shows, by suffix, and their language."""
FENCE = re.compile(r"^( *```).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<=[^\\]\]\()(?P<target>[^)#\s:]+)(?P<anchor>#[^)\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are not below docs/, and the files that any page links to."""
    pages = [*TOP, *_example_files()]
    below = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    linked = {path for page in (*pages, *below) for path in _linked_files(page)}
    for path in (*pages, *sorted(linked - {*pages})):
        files.append(File.generated(config, place_of(path), abs_src_path=str(ROOT / path)))
    return files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the pages of the rules into the navigation, after their list."""
    names = sorted(path.name for path in (ROOT / "docs" / "rules").glob("*.md"))
    pages = [f"rules/{name}" for name in names if name != "README.md"]
    reference = next(entry["Reference"] for entry in config.nav or () if "Reference" in entry)
    next(entry["Settings"] for entry in reference if "Settings" in entry).extend(pages)
    return config


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes the repository's links those of the site, and adds its files to an example's page."""
    source = source_of(page.file.src_uri)
    text = with_links(markdown, source)
    if source.startswith("examples/") and source.count("/") == 2:
        text = f"{text.rstrip()}\n\n{''.join(_files(ROOT / source))}"
    return text


def place_of(path: str) -> str:
    """The place on the site of a file of the repository."""
    return TOP.get(path) or path.removeprefix("docs/")


def source_of(place: str) -> str:
    """The file of the repository that is at a place of the site."""
    other = {site: path for path, site in TOP.items()}
    if place in other or place.startswith("examples/"):
        return other.get(place, place)
    return f"docs/{place}"


def with_links(markdown: str, source: str) -> str:
    """The text of the file `source`, with links as the site has them. Code stays as it is."""

    def link(match: re.Match[str]) -> str:
        path = _target(match["target"], source)
        if not (ROOT / path).is_file():
            raise PluginError(f"{source} links to {path}, which is not there")
        here = posixpath.dirname(place_of(source))
        return posixpath.relpath(place_of(path), here or ".") + (match["anchor"] or "")

    parts = []
    end = 0
    for block in FENCE.finditer(markdown):
        parts += [LINK.sub(link, markdown[end : block.start()]), block[0]]
        end = block.end()
    return "".join((*parts, LINK.sub(link, markdown[end:])))


def _target(link: str, source: str) -> str:
    """The file of the repository to which the page `source` links."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    return f"{path}/README.md" if (ROOT / path).is_dir() else path


def _linked_files(page: str) -> Iterator[str]:
    """The files outside of docs/ and examples/ to which a page links, and that are no pages."""
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8")) if page.endswith(".md") else ""
    for match in LINK.finditer(text):
        path = _target(match["target"], page)
        if not path.startswith(("docs/", "examples/")) and path not in TOP:
            yield path


def _example_files() -> Iterator[str]:
    for path in sorted((ROOT / "examples").rglob("*")):
        hidden = path.name.startswith(".") or "__pycache__" in path.parts
        if path.is_file() and not hidden and path.suffix in (".md", *SHOWN):
            yield path.relative_to(ROOT).as_posix()


def _files(page: Path) -> Iterator[str]:
    """The files of an example, folded."""
    yield "## The files\n\n"
    for path in sorted(page.parent.rglob("*")):
        if path.suffix in SHOWN and not path.name.startswith("."):
            yield f'??? example "{path.relative_to(page.parent)}"\n\n'
            text = path.read_text(encoding="utf-8").rstrip("\n")
            block = f"```{SHOWN[path.suffix]}\n{text}\n```"
            yield "".join(f"    {line}\n" if line else "\n" for line in block.split("\n")) + "\n"
