"""Reads kinds of objects from a cluster, and notes what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nginx2istio.cluster.connection import Cluster, Refused
from nginx2istio.cluster.gate import Gate
from nginx2istio.cluster.kinds import SECRET, Kind
from nginx2istio.cluster.listing import list_objects, list_rows, of_kind, read_object
from nginx2istio.cluster.live import live_objects
from nginx2istio.inputs.extent import Unread, Why
from nginx2istio.inputs.resource import Node

BORING_SECRETS = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token"

Progress = Callable[[str, int], None]


class ScanReader:
    """What one scan reads; ``unread`` says what it could not, ``complete`` where it read all.

    ``complete`` has the namespaces by kind.
    """

    def __init__(self, cluster: Cluster, progress: Progress):
        self.cluster, self.progress = cluster, progress
        self.gate = Gate()
        self.unread: list[Unread] = []
        self.complete: dict[str, tuple[str, ...]] = {}

    def all_of(
        self,
        kind: Kind,
        namespaces: Iterable[str],
        complete: Iterable[str] | None = None,
        **selectors: str,
    ) -> list[Node]:
        """All objects of a kind. Where they can't be read that is noted, and the rest goes on.

        ``complete`` are the namespaces in which they are all known then.
        """
        objects: list[Node] = []
        missed: set[str] = set()
        given = {name: text for name, text in selectors.items() if text}
        for namespace in namespaces:
            try:
                items = list_objects(
                    self.cluster,
                    kind,
                    namespace,
                    self.gate.hold,
                    lambda count: self.progress(kind.plural, len(objects) + count),  # noqa: B023
                    lambda damage: self.miss(kind, namespace, damage),  # noqa: B023
                    **given,
                )
                objects += filter(None, items)
            except Refused as refused:
                missed.add(namespace)
                self.miss(kind, namespace, refused)
        if complete is not None:
            self.complete[kind.name] = tuple(n for n in complete if not {"", n} & missed)
        return objects

    def known_kind(self, kind: Kind, namespaces: Iterable[str]) -> list[Node]:
        """All objects of a kind that a cluster may lack: then there are none."""
        before = len(self.unread)
        objects = self.istio(kind, namespaces)
        new = self.unread[before:]
        self.unread[before:] = [unread for unread in new if unread.why != "no-kind"]
        return objects

    def one_of(self, kind: Kind, namespace: str, name: str) -> Node | None:
        """One object, None when it does not exist or can't be read."""
        try:
            return self.gate.hold(read_object(self.cluster, kind, namespace, name)) or None
        except Refused as refused:
            if refused.status != 404:
                self.miss(kind, namespace, refused)
            return None

    def istio(self, kind: Kind, namespaces: Iterable[str]) -> list[Node]:
        """Istio's objects of a kind."""
        objects: list[Node] = []

        def damaged(damage: Refused) -> None:
            self.miss(kind, "", damage)

        for namespace, answer in live_objects(
            self.cluster, kind, namespaces, keep=self.gate.hold, damaged=damaged
        ):
            if isinstance(answer, Refused):
                self.miss(kind, namespace, answer)
            else:
                objects += filter(None, answer)
                self.progress(kind.plural, len(objects))
        return objects

    def names_of_secrets(self, namespace: str) -> Iterator[Node]:
        """Secrets without their content. Raises Refused."""
        self.progress("secrets", 0)
        rows = list_rows(
            self.cluster,
            SECRET,
            namespace,
            lambda damage: self.miss(SECRET, namespace, damage),
            fieldSelector=BORING_SECRETS,
        )
        for metadata in rows:
            secret = self.gate.hold(of_kind({"metadata": metadata}, SECRET))
            if secret:
                yield secret

    def miss(self, kind: Kind, namespace: str, refused: Refused) -> None:
        """Notes that a kind could not be read in a namespace."""
        whys: dict[int, Why] = {403: "forbidden", 404: "no-kind"}
        why = whys.get(refused.status, "failed")
        unread = Unread(kind.name, namespace, why, "" if why == "no-kind" else str(refused))
        if unread not in self.unread:
            self.unread.append(unread)
