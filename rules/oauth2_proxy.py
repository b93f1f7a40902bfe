"""auth-url of oauth2-proxy, as its documentation has it for ingress-nginx."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, auth_means, rule

OAUTH2_PROXY = Message(
    "N2I114",
    "unsupported",
    "error",
    "oauth2-proxy lets nobody in",
    "oauth2-proxy answers 202 to a client with a session, which Envoy takes for a refusal. Others "
    "get its 401, and no redirect to a sign-in page.",
    "Convert with --auth-service or --envoy-filters, which ask and redirect as nginx does.",
    frozenset({"status", "redirect", "auth"}),
)


@rule(when="configured", reads=("auth-url", "global-auth-url"))
def oauth2_proxy(place: Place) -> Iterator[Edit | Finding]:
    """A service that Envoy itself can't ask: it says yes by 202."""
    means = auth_means(place)
    if means and means.kind == "policy" and means.asks_oauth2_proxy:
        yield OAUTH2_PROXY(means.auth.key)
