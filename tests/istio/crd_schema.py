"""``python -m tests.istio.crd_schema CRDS``: what our objects need of Istio's CRDs, as JSON.

CRDS is istio/api's ``kubernetes/customresourcedefinitions.gen.yaml``. The output belongs into
``nginx2istio/istio/check/schema.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from nginx2istio.istio.objects import VERSIONS

INT32 = {"least": -(2**31), "most": 2**31 - 1}


def _compact(schema: dict[str, Any]) -> Any:
    """A schema in the form that ``schema.py`` reads."""
    kind = schema.get("type", "")
    if schema.get("x-kubernetes-preserve-unknown-fields") or not kind:
        return "integer or string" if schema.get("x-kubernetes-int-or-string") else "any"
    if kind == "array":
        limits = _limits(schema, fewest="minItems", most="maxItems")
        return {"items": _compact(schema["items"]), **limits}
    if kind == "object" and "properties" in schema:
        return _message(schema)
    if kind == "object":
        return {"values": _compact(schema.get("additionalProperties") or {})}
    if kind == "integer":
        least, most = schema.get("minimum", 0), schema.get("maximum", 2**32 - 1)
        return INT32 if schema.get("format") == "int32" else {"least": least, "most": most}
    rules = json.dumps(schema.get("x-kubernetes-validations", ""))
    if "valid duration" in rules:
        return "duration"
    if "enum" in schema:
        return {"enum": schema["enum"]}
    return _limits(schema, shortest="minLength", longest="maxLength") or kind


def _limits(schema: dict[str, Any], **names: str) -> dict[str, Any]:
    """What a schema says of sizes, by our names."""
    return {name: schema[of_crd] for name, of_crd in names.items() if of_crd in schema}


def _message(schema: dict[str, Any]) -> dict[str, Any]:
    fields = {name: _compact(inner) for name, inner in schema["properties"].items()}
    message: dict[str, Any] = {"fields": fields}
    if "required" in schema:
        message["required"] = schema["required"]
    exclusive = [
        [alternative["required"][0] for alternative in group["oneOf"] if "required" in alternative]
        for group in (schema, *schema.get("allOf", ()))
        if "oneOf" in group
    ]
    if exclusive:
        message["one of"] = exclusive
    return message


def schemas(text: str) -> dict[str, Any]:
    """The schema of each kind's spec, of the version that we write."""
    out = {}
    for crd in YAML(typ="safe").load_all(text):
        kind = crd["spec"]["names"]["kind"]
        for version in crd["spec"]["versions"]:
            if VERSIONS.get(kind, "").rpartition("/")[2] == version["name"]:
                spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
                out[kind] = _compact(spec)
    return out


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    print(json.dumps(schemas(text), sort_keys=True, separators=(",", ":")))
