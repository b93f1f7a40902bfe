"""What a gateway's routes can tell of client certificates.

The gateway writes what it verified into the header X-Forwarded-Client-Cert before a route is
chosen, and drops what the client sent under that name (SANITIZE_SET, pilot's default for gateways):
no header, no certificate.
"""

from __future__ import annotations

import re

from nginx2istio.istio import re2
from nginx2istio.istio.objects import Object

HEADER = "x-forwarded-client-cert"
PRESENT: Object = {"headers": {HEADER: {}}}
ABSENT: Object = {"withoutHeaders": {HEADER: {}}}
SUBJECT = "%DOWNSTREAM_PEER_SUBJECT%"
ISSUER = "%DOWNSTREAM_PEER_ISSUER%"
PEM = "%DOWNSTREAM_PEER_CERT%"


BEFORE = '(?:By=[^;]*;)*Hash=[^;]*;(?:Cert="[^"]*";)?(?:Chain="[^"]*";)?'
"""What Envoy writes before the subject; nothing of it is the client's to say."""


def without(pattern: str) -> Object:
    """A match of requests whose header a regular expression does not match, or that have none."""
    return {"withoutHeaders": {HEADER: {"regex": pattern}}}


def subject_matches(pattern: str) -> str:
    """A regular expression for the header of certificates in whose subject ``pattern`` is found.

    The subject is in quotes there, its own are escaped: nothing in the expression may match one.
    Raises ``re2.Untranslatable``.
    """
    re2.compiled(pattern)
    alternatives = "|".join(_inside(part) for part in _parts(pattern))
    return re2.compiled(f'{BEFORE}Subject="(?:{alternatives})".*')


def _parts(pattern: str) -> list[str]:
    """The alternatives of an expression, when all are outside of groups."""
    if not re2.alternatives(pattern):
        return [pattern]
    if re.search(r"[()\[\]\\]", pattern):
        raise re2.Untranslatable("it has alternatives beside groups or classes")
    return pattern.split("|")


def _inside(part: str) -> str:
    other = '[^"]'
    start = "" if part.startswith("^") else f"{other}*"
    end = "" if part.endswith("$") and not part.endswith(r"\$") else f"{other}*"
    part = part.removeprefix("^").removesuffix("$" if not end else "")
    expression = ""
    for token in re.findall(r"\\.|\[\^?\]?[^\]]*\]|.", part):
        if token == ".":
            expression += other
        elif token.startswith("[^"):
            expression += f'[^"{token[2:]}'
        elif token in ("^", "$") or re.fullmatch(r'\\[DWSPpCQEzAbB"]|"', token):
            raise re2.Untranslatable(f"{token} in it could match beyond the subject")
        else:
            expression += token
    return f"{start}(?:{expression}){end}"


def certificate_headers(pem: bool) -> dict[str, str]:
    """The headers by which ingress-nginx tells backends of a verified certificate; with its PEM."""
    headers = {
        "ssl-client-verify": "SUCCESS",
        "ssl-client-subject-dn": SUBJECT,
        "ssl-client-issuer-dn": ISSUER,
    }
    return headers | ({"ssl-client-cert": PEM} if pem else {})
