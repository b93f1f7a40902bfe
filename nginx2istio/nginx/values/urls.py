"""URLs as Go's net/url reads them, as far as the controller asks."""

from __future__ import annotations

from dataclasses import dataclass

from nginx2istio.nginx.values.go import matches


class WrongUrl(ValueError):
    """A text that url.Parse refuses; the message says why."""


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL that decide something; ``host`` has its port."""

    scheme: str
    host: str

    @property
    def hostname(self) -> str:
        """``host`` without port and brackets."""
        if self.host.startswith("["):
            return self.host[1:].partition("]")[0]
        return self.host.rpartition(":")[0] if ":" in self.host else self.host


def parse_url(text: str, *, request: bool = False) -> Url:
    """Read ``text`` as url.Parse does, or as url.ParseRequestURI when it comes from a request.

    Raises WrongUrl.
    """
    if not request:
        text, _, fragment = text.partition("#")
        _escapes(fragment)
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise WrongUrl("control character in the URL")
    if not text and request:
        raise WrongUrl("the URL is empty")
    if text == "*":
        return Url("", "")
    scheme, rest = _scheme(text)
    rest = rest.partition("?")[0]
    host = ""
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme, "")
        if request:
            raise WrongUrl("neither a path nor an absolute URL")
        if ":" in rest.partition("/")[0]:
            raise WrongUrl("colon in the first path segment")
    elif rest.startswith("//") and (scheme or not (request or rest.startswith("///"))):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        host = _authority(authority)
    _escapes(rest)
    return Url(scheme, host)


def absolute_url(text: str) -> str:
    """Say why ``text`` is no absolute URL, "" when it is one (parser.StringToURL)."""
    try:
        url = parse_url(text)
    except WrongUrl as wrong:
        return f"{text!r} is no valid URL: {wrong}"
    if not url.scheme:
        return f"{text!r} has no scheme"
    if not url.host:
        return f"{text!r} has no host"
    return f"{text!r} has two dots in a row in its host" if ".." in url.host else ""


def _scheme(text: str) -> tuple[str, str]:
    head, colon, rest = text.partition(":")
    if colon and not head:
        raise WrongUrl("missing scheme")
    if colon and matches(r"[A-Za-z][A-Za-z0-9+\-.]*", head):
        return head.lower(), rest
    return "", text


def _authority(text: str) -> str:
    user, _, host = text.rpartition("@")
    if not matches(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*", user):
        raise WrongUrl("invalid user information")
    _escapes(user)
    if "[" in host:
        if not matches(r"\[[^\]]*\](:\d*)?", host):
            raise WrongUrl("invalid address in brackets")
    elif ":" in host and not matches(r"[^:]*:\d*", host):
        raise WrongUrl("invalid port")
    _escapes(host, keep=True)
    if any(ord(c) < 0x80 and not c.isalnum() and c not in "!$&'()*+,;=:[]<>\"-_.~%" for c in host):
        raise WrongUrl("invalid character in the host")
    return host


def _escapes(text: str, *, keep: bool = False) -> None:
    """Refuse a % without two hexadecimal digits; in a host (``keep``) most other ones as well."""
    for part in text.split("%")[1:]:
        if not matches(r"[0-9A-Fa-f]{2}", part[:2]):
            raise WrongUrl("invalid escape")
        if keep and int(part[:2], 16) < 0x80 and part[:2] != "25":
            raise WrongUrl("invalid escape in the host")
