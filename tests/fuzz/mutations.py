"""Ways to spoil an object: wrong types, lost and doubled fields, hostile texts, odd YAML."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from nginx2istio.nginx.keys import catalogue
from tests.fuzz.corpus import Body, by_kind

PREFIX = "nginx.ingress.kubernetes.io/"

_CONTROL = ("\x1b[31mred\x1b[0m", "a\nb", "a\r\nX: y", "\0", "\x01", "a\tb", "\x7f", "\x9b1m", "\n")
_UNICODE = ("é.test", "größe", "\u202eevil", "\u2028", "\u00ad", "\ufeff", "😀", "²", "٣", "İ")
_NAMES = (
    *("", " ", ".", "..", "../../x", "/etc/passwd", "a/b", "a..b", "-a", "a-", "a.", "A", "_", "*"),
    *("*.", "*.*.test", "*.test", "~^a", "a" * 64, "a" * 254, "a" * 5000, "kustomization.yaml"),
    *("NAME OF YOUR SERVICE", "<your-host>", "${HOST}", "{{ x }}", "10.0.0.1", "::1", "localhost"),
)
_REGEXES = (
    *("/(?=a)b", "/(?<=x)y", "/(a", "/[", "/a{1001}", r"/\1", "/(?i)x", "/(?P<a>x)", "/a++"),
    *("/x$", "^/x", "/.*", "/[a-z]{1000}" * 3, r"/\d\K", "/(?>a)", "/a(?#x)", r"/\p{L}", "//"),
    *("/%2F", "/%zz", "/a b", "/a;b", "/a{", "/a}", '/a"b', "/a'b", "/./..", "/x?y", "/x#y"),
)
_CODE = (
    *(
        "$host",
        "$(touch x)",
        "`id`",
        "; rm -rf x",
        "%s",
        "%00",
        "%REQ(a)%",
        "<script>",
        "a|b",
        "]]>",
    ),
    *("'", '"', "\\", "#", "# x", "{", "}", "};", "||", "if ($x) { return 403; }", "deny all;"),
    *("location /admin { deny all; }", "return 199;", "return 302", "add_header X;", "allow x;"),
    *("more_set_headers 'X: $a';", "proxy_set_header A B C;", "rewrite ( $1;", "set $a", "if ("),
    *("deny 10.0.0.0/33;", "return 99999999999999999999;", "location ~ ( { return 200; }", "{{"),
)
_VALUES = (
    *("-1", "0", "1e309", "9" * 400, "0x10", "010", "1_000", "NaN", "true", "off", "null", "~"),
    *(
        "10s",
        "1d2h",
        "-5s",
        "1.5m",
        "99999999999999999h",
        "10k",
        "-1g",
        "1.5",
        "5 5",
        ",",
        ",,",
        ";",
    ),
    *("10.0.0.0/33", "::/0", "0.0.0.0/0", "300.1.1.1", "10.0.0.0/8,", "!10.0.0.1", "fe80::%eth0"),
    *(
        "http://u:p@h/",
        "https://[::1]:x/",
        "//",
        "http://",
        "http://a:99999/",
        "http://a b/",
        "http:",
    ),
    *(
        "http://$host/$1",
        "http://é.test/",
        "http://[",
        "http://a:٣/",
        "ftp://a",
        "?x",
        "http://a?#",
    ),
    *(
        "a=b",
        "a:b",
        "a: b\nc",
        "401 403",
        "200",
        "999,-1",
        "500,,",
        "GET, FOO BAR",
        "*, a",
        "a/b/c",
    ),
    *("ns/name", "/name", "ns/", "error timeout x", "non_idempotent", "4 8k", "$a$b", "${a", "a\\"),
)
_YAML = (
    *("&a ", "*a ", "<<: *a", "!!binary ", "!x ", "{", "}", "[", ",", "\t", "\n", ": ", "'", '"'),
    *("!!float ", "!!timestamp ", "!!set ", "!!omap ", "!!python/none ", "!<tag:x> ", "%TAG ! x\n"),
    *(
        ".nan",
        "-.inf",
        "2026-11-28T09:00:00Z",
        "0o7",
        "1:30:00",
        "=",
        "1e999",
        "[" * 300,
        "9" * 5000,
    ),
    *("? ", "- ", "\n...\n", "%YAML 1.3\n", "\0", "\x1b", "\ufeff", "{{ x }}", "&a [*a]", "#"),
)
TEXTS = (*_CONTROL, *_UNICODE, *_NAMES, *_REGEXES, *_CODE, *_VALUES)
NUMBERS = (
    float("nan"),
    float("inf"),
    10**400,
    0,
    -1,
    1,
    80,
    65536,
    2**31,
    2**63,
    -(2**63),
    10**30,
    1.5,
    1e308,
    True,
    False,
)
_KEYS = tuple(e.key for e in catalogue.ANNOTATIONS.values())
_CONFIG = tuple(catalogue.CONFIGMAP)
_FLAGS = tuple(catalogue.FLAGS)

Place = tuple[Any, Any]
"""A mapping or list, and the key or index of something in it."""


def places(part: Any) -> Iterator[Place]:
    """Every place of an object that holds something."""
    for key in part if isinstance(part, dict) else range(len(part)):
        yield part, key
        if isinstance(part[key], dict | list):
            yield from places(part[key])


def _text(random: Random) -> str:
    text = random.choice(TEXTS)
    return text + random.choice(TEXTS) if random.random() < 0.1 else text


def _any(random: Random, old: Any) -> Any:
    """A value of another type, of which the old one may be a part."""
    deep: Any = old
    for _ in range(random.choice((3, 30, 250)) if random.random() < 0.1 else 0):
        deep = random.choice(([deep], {"a": deep}))
    return random.choice(
        (None, _text(random), random.choice(NUMBERS), [], {}, [old], {"a": old}, deep, [None], [[]])
    )


def _replace(random: Random, holder: Any, key: Any) -> None:
    holder[key] = _any(random, holder[key])


def _spoil(random: Random, holder: Any, key: Any) -> None:
    old = holder[key]
    if not isinstance(old, str):
        holder[key] = _text(random)
        return
    at = random.randrange(len(old) + 1)
    inside = old[:at] + _text(random) + old[at:]
    holder[key] = random.choice((_text(random), inside, old + _text(random), old[:at], old * 30))


def _drop(random: Random, holder: Any, key: Any) -> None:
    del holder[key]


def _double(random: Random, holder: Any, key: Any) -> None:
    if isinstance(holder, list):
        holder.insert(random.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
    else:
        holder[key + random.choice(("", "s", "_", " "))] = copy.deepcopy(holder[key])


def _rename(random: Random, holder: Any, key: Any) -> None:
    if isinstance(holder, dict):
        holder[random.choice((_text(random), *holder))] = holder.pop(key)
    else:
        random.shuffle(holder)


_ANYWHERE: tuple[Callable[[Random, Any, Any], None], ...] = (
    _replace,
    _replace,
    _spoil,
    _spoil,
    _drop,
    _double,
    _rename,
)


def _settings(random: Random, body: Body) -> None:
    """Give the object a setting that its kind knows, with any value."""
    value = _text(random)
    metadata = body.get("metadata")
    if body.get("kind") == "ConfigMap" and isinstance(body.get("data"), dict):
        body["data"][random.choice(_CONFIG)] = value
    elif body.get("kind") in ("Deployment", "DaemonSet"):
        for part, key in list(places(body)):
            if key == "args" and isinstance(part[key], list):
                part[key].append(f"--{random.choice(_FLAGS)}={value}")
    elif isinstance(metadata, dict) and random.random() < 0.2:
        _regex(random, body)
    elif isinstance(metadata, dict):
        annotations = metadata.setdefault("annotations", {})
        if isinstance(annotations, dict):
            annotations[PREFIX + random.choice(_KEYS)] = value


def _regex(random: Random, body: Body) -> None:
    """Give a path of an Ingress a pattern that RE2 may not take."""
    body["metadata"].setdefault("annotations", {})
    if isinstance(body["metadata"]["annotations"], dict):
        body["metadata"]["annotations"][f"{PREFIX}use-regex"] = "true"
    paths = [part for part, key in places(body) if key == "pathType"]
    if paths:
        random.choice(paths).update(path=random.choice(_REGEXES), pathType="ImplementationSpecific")


def mutant(random: Random, kinds: tuple[str, ...], number: int) -> Body:
    """A spoiled object of one of the kinds; its host and namespace are its own, if it has any."""
    kind = "Ingress" if "Ingress" in kinds and random.random() < 0.6 else random.choice(kinds)
    body = copy.deepcopy(random.choice(by_kind()[kind]))
    _separate(body, number)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        if random.random() < 0.4:
            _settings(random, body)
        else:
            holder, key = random.choice(list(places(body)) or [(body, "kind")])
            if key in holder if isinstance(holder, dict) else True:
                random.choice(_ANYWHERE)(random, holder, key)
    return body


def _separate(body: Body, number: int) -> None:
    """Give the hosts of an Ingress a domain of its own, so that mutants do not share any."""
    for holder, key in list(places(body)):
        if body["kind"] == "Ingress" and key == "host" and isinstance(holder[key], str):
            holder[key] += f".m{number}"


def written(random: Random, body: Body) -> str:
    """The object as a document: JSON in one line or several, and sometimes with spoiled text."""
    indent = random.choice((None, None, 1))
    text = json.dumps(body, ensure_ascii=random.random() < 0.5, indent=indent, default=str)
    if random.random() < 0.1:
        text = _broken(random, text)
    return text


def _broken(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    extra = random.choice(_YAML)
    length = random.choice((0, 0, 1, 20))
    return text[:at] + extra + text[at + length :]
