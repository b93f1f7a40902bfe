"""What an API server sends goes through the same gate as what comes from files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nginx2istio.inputs.extent import Unread
from nginx2istio.inputs.redact import redact
from nginx2istio.inputs.resource import Node, Problem, Resource
from nginx2istio.inputs.validate import validated

FROM_CLUSTER = "cluster"
"""Stands for the file in a Problem about an object of a cluster."""


@dataclass(slots=True)
class Gate:
    """Takes the valid objects of one scan; ``problems`` and ``unread`` say what is left out.

    ``unread`` goes into a snapshot, for a later conversion of it.
    """

    problems: dict[str, Problem] = field(default_factory=dict)
    unread: dict[str, Unread] = field(default_factory=dict)

    def hold(self, item: Node) -> Node:
        """What is held of an object; an empty Node for one that is left out."""
        held = Node()
        for result in validated(Resource(item)):
            if isinstance(result, Problem):
                # A list that begins again brings the same objects again.
                self.problems[result.text] = replace(result, file=FROM_CLUSTER)
                metadata = item.get("metadata")
                namespace = metadata.get("namespace") if isinstance(metadata, dict) else ""
                self.unread[result.text] = Unread(
                    str(item["kind"]), str(namespace or ""), "failed", result.text
                )
            else:
                held = redact(result.body)
        return held
