"""Kubernetes objects as texts and as mappings."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML

PREFIX = "nginx.ingress.kubernetes.io/"

Object = dict[str, Any]


def load_all(text: str) -> list[Any]:
    """The documents of a YAML text, each time as objects of their own."""
    documents: list[Any] = pickle.loads(_read(text))
    return documents


@lru_cache(maxsize=32)
def _read(text: str) -> bytes:
    """What a text holds, pickled: some parts of the rig ask for the same text one after another.

    libyaml reads it, by a new reader each time, as a reader holds state.
    """
    return pickle.dumps(list(YAML(typ="safe", pure=False).load_all(text)))


def documents(text: str) -> list[Object]:
    """The Kubernetes objects of a YAML text, in order, with Lists opened."""
    objects: list[Object] = []
    for document in load_all(text):
        if not isinstance(document, dict):
            continue
        if str(document.get("kind", "")).endswith("List") and "items" in document:
            objects += document["items"]
        elif document.get("kind") != "List":
            objects.append(document)
    return objects


def text_of(objects: Iterable[Object]) -> str:
    """Objects as a text of several documents.

    Each is written as JSON, which is YAML too, ten times faster to write, and leaves no room for a
    string that a reader of another YAML version takes for a number or a truth value.
    """
    return "\n---\n".join(json.dumps(obj) for obj in objects) + "\n"


def join(*texts: str) -> str:
    """Several texts of documents as one."""
    return "\n---\n".join(text.strip("\n") for text in texts if text.strip()) + "\n"


def key(obj: Object) -> tuple[str, str, str]:
    """Kind, namespace and name of an object; the namespace is ``default`` when it names none."""
    metadata = obj.get("metadata") or {}
    return obj.get("kind") or "", metadata.get("namespace") or "default", metadata.get("name") or ""


def notes_of(obj: Object) -> dict[str, str]:
    """An object's ingress-nginx annotations by short name."""
    given = (obj.get("metadata") or {}).get("annotations") or {}
    return {name.removeprefix(PREFIX): str(value) for name, value in given.items()}
