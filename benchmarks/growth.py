"""Says how cost grows with each size of the input: ``python -m benchmarks.growth [NAME[=N] ...]``.

Converts an input of one size N and one of ten times that size, each in a process of its own with a
report of every format, and prints CPU seconds, peak memory and the ratio of the seconds. The cost
of an input of size 1 is taken off both. A ratio of ten is linear.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path

Texts = Iterable[str]
"""The documents of an input."""
REPORTS = ("html", "json", "md", "sarif", "txt")
PREFIX = "nginx.ingress.kubernetes.io/"


def ingress(
    name: str,
    hosts: Sequence[str],
    paths: Sequence[str],
    annotations: Mapping[str, str] | None = None,
    kind: str = "Prefix",
    tls: str = "",
    service: str = "web",
) -> str:
    """An Ingress document; each host has all paths. ``tls`` is the Secret of its hosts."""
    lines = [
        "apiVersion: networking.k8s.io/v1",
        "kind: Ingress",
        f"metadata: {{name: {name}, namespace: shop, annotations: {{",
        *(f"  {PREFIX}{key}: {quoted(value)}," for key, value in (annotations or {}).items()),
        "}}",
        "spec:",
        "  ingressClassName: nginx",
    ]
    if tls:
        lines += ["  tls:", f"  - {{secretName: {tls}, hosts: [{', '.join(hosts)}]}}"]
    lines.append("  rules:")
    for host in hosts:
        lines += [f"  - host: {host}", "    http:", "      paths:"]
        backend = f"{{service: {{name: {service}, port: {{number: 80}}}}}}"
        lines += [
            f"      - {{path: {quoted(path)}, pathType: {kind}, backend: {backend}}}"
            for path in paths
        ]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def settings(name: str, data: Mapping[str, str]) -> str:
    """A ConfigMap document."""
    entries = "".join(f"  {key}: {quoted(value)}\n" for key, value in data.items())
    return (
        "apiVersion: v1\nkind: ConfigMap\n"
        f"metadata: {{name: {name}, namespace: ingress-nginx}}\ndata:\n{entries}"
    )


CONTROLLER = settings(
    "ingress-nginx-controller",
    {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"},
)


def names(form: str, size: int) -> list[str]:
    return [form.format(number) for number in range(size)]


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}/32"


HOST = ["a.example.com"]


def single(paths: Sequence[str], annotations: Mapping[str, str], kind: str = "Prefix") -> Texts:
    return [ingress("web", HOST, paths, annotations, kind)]


def ingresses(size: int) -> Texts:
    return (ingress(f"web-{i}", [f"h{i}.example.com"], ["/", "/api"]) for i in range(size))


def ingresses_of_a_host(size: int) -> Texts:
    return (ingress(f"web-{i}", HOST, [f"/p{i}"], service=f"web-{i}") for i in range(size))


def settings_of_a_host(size: int) -> Texts:
    """Each path has its own list of addresses, timeout, limit and CORS origin."""
    for i in range(size):
        values = {
            "whitelist-source-range": address(i),
            "proxy-read-timeout": str(i + 1),
            "proxy-body-size": f"{i + 1}k",
            "enable-cors": "true",
            "cors-allow-origin": f"https://o{i}.example.com",
        }
        yield ingress(f"web-{i}", HOST, [f"/p{i}"], values)


def sign_ins_of_a_host(size: int) -> Texts:
    """Each path asks an authentication service of its own."""
    for i in range(size):
        values = {"auth-url": f"http://auth.shop.svc.cluster.local/{i}"}
        yield ingress(f"web-{i}", HOST, [f"/p{i}"], values)


def protected_regex(size: int) -> Texts:
    """Every second path has a list of addresses; all are regular expressions."""
    for i in range(size):
        values = {"use-regex": "true"}
        if i % 2:
            values["whitelist-source-range"] = address(i)
        yield ingress(f"web-{i}", HOST, [f"/p{i}/(.*)"], values, "ImplementationSpecific")


def protected_nested(size: int) -> Texts:
    """Every second path has a list of addresses; each path lies below a neighbour."""
    for i in range(size):
        values = {"whitelist-source-range": address(i)} if i % 2 else {}
        yield ingress(f"web-{i}", HOST, [f"/p{i // 2}{'/deep' * (i % 2)}"], values)


def aliases(size: int) -> Texts:
    return single(["/"], {"server-alias": ",".join(names("x{}.example.com", size))})


def canaries(size: int) -> Texts:
    yield ingress("web", HOST, names("/p{}", size))
    for i in range(size):
        values = {"canary": "true", "canary-weight": "10"}
        yield ingress(f"canary-{i}", HOST, [f"/p{i}"], values, service="next")


def canaries_of_a_path(size: int) -> Texts:
    yield ingress("web", HOST, ["/"])
    for i in range(size):
        values = {"canary": "true", "canary-by-header": f"X-H{i}"}
        yield ingress(f"canary-{i}", HOST, ["/"], values, service=f"next-{i}")


def certificates(size: int) -> Texts:
    for i in range(size):
        yield ingress(f"web-{i}", [f"h{i}.example.com"], ["/"], tls=f"tls-{i}")
        yield (
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
            f"metadata: {{name: tls-{i}, namespace: shop}}\n"
            'data: {tls.crt: "", tls.key: ""}\n'
        )


def services(size: int) -> Texts:
    for i in range(size):
        yield (
            f"apiVersion: v1\nkind: Service\nmetadata: {{name: web-{i}, namespace: shop}}\n"
            "spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}\n"
        )
        yield ingress(f"web-{i}", [f"h{i}.example.com"], ["/"], service=f"web-{i}")


def header_lists(size: int) -> Texts:
    listed = ",".join(names("X-H{}", size))
    headers = {name: "1" for name in names("X-H{}", size)}
    values = {
        "auth-url": "http://auth.shop.svc.cluster.local/",
        "auth-response-headers": listed,
        "enable-cors": "true",
        "cors-allow-headers": listed,
        "cors-expose-headers": listed,
        "custom-headers": "ingress-nginx/custom",
    }
    return [settings("custom", headers), *single(["/"], values)]


def global_lists(size: int) -> Texts:
    headers = {name: "1" for name in names("X-H{}", size)}
    data = {
        "proxy-set-headers": "ingress-nginx/custom",
        "add-headers": "ingress-nginx/custom",
        "hide-headers": ",".join(headers),
        "block-cidrs": ",".join(map(address, range(size))),
        "block-user-agents": ",".join(names("agent{}", size)),
        "no-auth-locations": ",".join(names("/n{}", size)),
    }
    controller = settings("ingress-nginx-controller", data)
    return [settings("custom", headers), controller, *single(["/", "/api"], {})]


def unknown(size: int) -> Texts:
    """One Ingress with many annotations that nobody knows."""
    return single(["/"], {name: "1" for name in names("of-ours-{}", size)})


def refused(size: int) -> Texts:
    """Documents that cost a finding or an error each."""
    for i in range(size):
        yield ingress(f"Not_{i}", HOST, ["/"])
        values = {"proxy-read-timeout": "soon", "ssl-ciphers": "a b"}
        yield ingress(f"web-{i}", [f"h{i}.example.com"], ["/"], values)


def collisions(size: int) -> Texts:
    return (ingress(f"web-{i}", HOST, ["/"], {"app-root": f"/{i}"}) for i in range(size))


GROWTHS: Mapping[str, tuple[int, Callable[[int], Texts]]] = {
    "ingresses": (1000, ingresses),
    "ingresses-of-a-host": (1000, ingresses_of_a_host),
    "settings-of-a-host": (300, settings_of_a_host),
    "sign-ins-of-a-host": (500, sign_ins_of_a_host),
    "protected-regex": (500, protected_regex),
    "protected-nested": (500, protected_nested),
    "collisions": (1000, collisions),
    "paths": (1000, lambda size: single(names("/p{}", size), {})),
    "exact-paths": (1000, lambda size: single(names("/p{}", size), {}, "Exact")),
    "protected-paths": (
        1000,
        lambda size: single(names("/p{}", size), {"whitelist-source-range": "10.0.0.0/8"}),
    ),
    "regex-paths": (
        1000,
        lambda size: single(
            names("/p{}/(.*)", size),
            {"use-regex": "true", "rewrite-target": "/$1"},
            "ImplementationSpecific",
        ),
    ),
    "hosts-of-an-ingress": (
        300,
        lambda size: [ingress("web", names("h{}.example.com", size), ["/"])],
    ),
    "star-hosts": (
        500,
        lambda size: (ingress(f"web-{i}", [f'"*.h{i}.example.com"'], ["/"]) for i in range(size)),
    ),
    "cidrs": (
        1000,
        lambda size: single(["/"], {"whitelist-source-range": ",".join(map(address, range(size)))}),
    ),
    "directives": (
        500,
        lambda size: single(
            ["/"],
            {
                "configuration-snippet": "".join(
                    f'more_set_headers "X-{i}: 1";\nproxy_set_header Y-{i} 1;\n'
                    for i in range(size)
                )
            },
        ),
    ),
    "conditions": (
        100,
        lambda size: single(
            ["/"],
            {
                "configuration-snippet": "".join(
                    f"if ($http_x_{i}) {{ return 403; }}\n" for i in range(size)
                )
            },
        ),
    ),
    "snippet-locations": (
        100,
        lambda size: single(
            names("/p{}", 10),
            {"server-snippet": "".join(f"location /x{i} {{ deny all; }}\n" for i in range(size))},
        ),
    ),
    "origins": (
        500,
        lambda size: single(
            ["/"],
            {
                "enable-cors": "true",
                "cors-allow-origin": ",".join(names("https://o{}.example.com", size)),
            },
        ),
    ),
    "header-lists": (500, header_lists),
    "global-lists": (500, global_lists),
    "aliases": (500, aliases),
    "canaries": (500, canaries),
    "canaries-of-a-path": (100, canaries_of_a_path),
    "certificates": (1000, certificates),
    "services": (1000, services),
    "unknown-annotations": (500, unknown),
    "refused-documents": (500, refused),
}
"""What grows, with the smaller size and what makes an input of a size."""


def write(folder: Path, growth: Callable[[int], Texts], size: int, documents_a_file: int) -> None:
    """Writes an input: one file, or files in folders when a file has a number of documents."""
    texts = list(growth(size))
    if growth is not global_lists:
        texts.insert(0, CONTROLLER)
    step = documents_a_file or len(texts)
    for number, start in zip(count(), range(0, len(texts), step), strict=False):
        path = folder / str(number % 100) / f"{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("---\n".join(texts[start : start + step]), encoding="utf-8")


def cost(growth: Callable[[int], Texts], size: int, documents_a_file: int = 0) -> tuple[float, int]:
    """CPU seconds and peak MiB of a conversion with a report of each format."""
    with tempfile.TemporaryDirectory(prefix="growth-") as place:
        source = Path(place, "in")
        write(source, growth, size, documents_a_file)
        command = [sys.executable, "-m", "nginx2istio", "convert", str(source)]
        command += ["-o", f"{place}/out"]
        for suffix in REPORTS:
            command += ["--report", f"{place}/report.{suffix}"]
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        summary = child.stderr.read() if child.stderr else ""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if "Traceback" in summary:
            raise SystemExit(summary)
        return used.ru_utime + used.ru_stime, used.ru_maxrss >> 10


def row(name: str, size: int, growth: Callable[[int], Texts], documents_a_file: int = 0) -> str:
    start = min(cost(growth, 1, documents_a_file)[0] for _ in range(3))
    few, memory = cost(growth, size, documents_a_file)
    many, more_memory = cost(growth, size * 10, documents_a_file)
    ratio = (many - start) / max(few - start, 0.01)
    return (
        f"{name:22} {size:6} {few:7.2f} s {memory:5} MiB {size * 10:7} {many:7.2f} s"
        f" {more_memory:5} MiB   x {ratio:.1f}"
    )


def main(chosen: Sequence[str]) -> None:
    for entry in chosen or (*GROWTHS, "files"):
        name, _, figure = entry.partition("=")
        size, growth = GROWTHS["ingresses" if name == "files" else name]
        print(row(name, int(figure or size), growth, int(name == "files")), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
