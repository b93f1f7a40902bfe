"""A real nginx on this machine, as the judge of what we say about nginx."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx: apt-get install nginx-light")


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _written(folder: Path, server: str, port: int) -> Path:
    """The configuration; PORT in the directives stands for the port (a second server needs it)."""
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/a;\n"
        f"proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;\n"
        f"scgi_temp_path {folder}/e;\nserver {{ listen 127.0.0.1:{port};\n"
        f"{server.replace('PORT', str(port))}\n}} }}\n",
        encoding="utf-8",
    )
    return file


def refusal(folder: Path, server: str) -> str:
    """Why nginx refuses directives of a server, "" when it takes them."""
    assert NGINX
    file = _written(folder, server, 1)
    tested = subprocess.run(
        [NGINX, "-t", "-q", "-c", file], capture_output=True, text=True, check=False
    )
    lines = [line for line in tested.stderr.splitlines() if "[emerg]" in line]
    assert bool(lines) is bool(tested.returncode)
    return lines[0].partition("[emerg] ")[2] if lines else ""


@contextmanager
def running(folder: Path, server: str) -> Iterator[int]:
    """Run nginx with the directives of one server; gives its port."""
    assert NGINX
    port = free_port()
    process = subprocess.Popen([NGINX, "-c", _written(folder, server, port)])
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        assert process.poll() is None, (folder / "error.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()


def answers(port: int, paths: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Status and body of a GET for each path."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    result = {}
    for path in paths:
        connection.request("GET", path)
        response = connection.getresponse()
        result[path] = response.status, response.read().decode()
    connection.close()
    return result
