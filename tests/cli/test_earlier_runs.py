"""What a run does with files of earlier runs: it removes none of which it can not know."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import USAGE
from nginx2istio.cli.output.folder import NoObjects, ReadInput
from nginx2istio.cli.output.manifest import Run
from tests.cli.kills import contents
from tests.cli.test_convert import GOOD
from tests.cli.written import OWN, RUN, paths, virtual_service, write


def test_a_run_with_unread_input_removes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a", source="web/a"), virtual_service("b", source="web/b"))
    content = (out / "web/b.yaml").read_bytes()
    read = ReadInput(RUN, frozenset({"web/a"}), all_read=False)
    remarks = write(out, virtual_service("a", source="web/a"), read=read)
    [remark] = remarks
    assert remark.startswith(f"kept: {out}/web/b.yaml (Ingress web/b may be in the input")
    assert (out / "web/b.yaml").read_bytes() == content
    assert "- web/b.yaml" in (out / "kustomization.yaml").read_text()
    assert write(out, virtual_service("a", source="web/a")) == [f"removed: {out}/web/b.yaml"]


def test_a_shared_file_keeps_what_is_from_unread_input(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, {**virtual_service("a", source="web/a, web/b"), "spec": {"hosts": ["old"]}})
    read = ReadInput(RUN, frozenset({"web/a"}), all_read=False)
    [remark] = write(out, virtual_service("a", source="web/a"), read=read)
    assert "Ingress web/b" in remark
    assert "old" in (out / "web/a.yaml").read_text()
    assert write(out, virtual_service("a", source="web/a"), read=read, force=True) == []
    assert "old" not in (out / "web/a.yaml").read_text()


def test_no_object_at_all_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a"))
    before = contents(out)
    with pytest.raises(NoObjects) as caught:
        write(out)
    assert caught.value.exit_code == USAGE and contents(out) == before
    assert write(out, force=True) == [f"removed: {out}/web/a.yaml"]
    assert paths(out) == OWN
    write(out)  # there is nothing to lose any more


def test_two_controllers_do_not_delete_each_others_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a", source="web/a"))
    other = ReadInput(Run(("internal",), False, ("manifests",)), frozenset({"web/a", "web/b"}))
    [remark] = write(out, virtual_service("b", source="web/b"), read=other)
    assert remark == f"kept: {out}/web/a.yaml (written for IngressClass nginx)"
    assert write(out, virtual_service("a", source="web/a")) == [
        f"kept: {out}/web/b.yaml (written for IngressClass internal)"
    ]
    before = contents(out)
    with pytest.raises(click.ClickException, match="written for IngressClass internal"):
        write(out, virtual_service("b", source="web/b"))
    assert contents(out) == before


def test_files_from_other_input_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a", source="web/a"))
    other = ReadInput(Run(("nginx",), False, ("other",)), frozenset({"web/b"}))
    [remark] = write(out, virtual_service("b", source="web/b"), read=other)
    assert remark == f"kept: {out}/web/a.yaml (written from manifests)"
    with pytest.raises(click.ClickException, match="also made from Ingress web/a"):
        write(out, virtual_service("a", source="web/b"), read=other)
    assert write(out, virtual_service("b", source="web/b"), read=other, force=True) == [
        f"removed: {out}/web/a.yaml"
    ]


def test_a_file_that_was_deleted_by_hand_is_forgotten(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a", source="web/a"))
    (out / "web/a.yaml").unlink()
    other = ReadInput(Run(("nginx",), False, ("other",)), frozenset({"web/b"}))
    assert write(out, virtual_service("b", source="web/b"), read=other) == []
    assert "web/a" not in (out / ".nginx2istio.json").read_text()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"runs": [], "files": {"a/b.yaml": {"run": 1}}}']
)
def test_a_damaged_manifest_is_said(tmp_path: Path, text: str) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a"))
    (out / ".nginx2istio.json").write_text(text)
    with pytest.raises(click.ClickException, match="is damaged"):
        write(out, virtual_service("b"))
    assert (out / "web/a.yaml").exists()


def test_two_controllers_share_a_folder_and_a_namespace(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for ingress_class, host in (("nginx", "a"), ("nginx-internal", "b"), ("nginx-external", "c")):
        text = GOOD.replace("shop.example.com", f"{host}.example.com")
        text = text.replace("ingressClassName: nginx", f"ingressClassName: {ingress_class}")
        arguments = ["convert", "-", "-o", str(out), "--ingress-class", ingress_class]
        result = CliRunner().invoke(command_line, arguments, input=text)
        assert result.exit_code == 0, result.output
    objects = paths(out) - OWN
    assert {
        "web/a-example-com.yaml",
        "web/b-example-com--nginx-internal.yaml",
        "web/c-example-com--nginx-external.yaml",
    } < objects
    gateways = {path for path in objects if path.startswith("istio-system/gateway-")}
    assert len(gateways) == 3 and "istio-system/gateway-nginx2istio-web.yaml" in gateways
