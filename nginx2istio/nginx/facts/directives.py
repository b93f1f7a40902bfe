"""What nginx's directives are about, as far as they are found in snippets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from nginx2istio.nginx.facts.snippet import Directive

Subject = Literal[
    "address",
    "body",
    "cache",
    "compression",
    "content",
    "errors",
    "headers",
    "input",
    "limits",
    "logging",
    "mirror",
    "nothing",
    "protection",
    "rewrite",
    "sizes",
    "tls",
    "waf",
    "other",
]
"""``address`` of the client; ``headers`` of answers and ``input`` (of requests); ``sizes`` of
request headers; ``nothing``: clients don't notice."""

_NAMES: Mapping[Subject, str] = {
    "address": "real_ip_header real_ip_recursive set_real_ip_from",
    "body": "addition_types charset charset_types image_filter override_charset source_charset ssi "
    "sub_filter sub_filter_once sub_filter_types subs_filter subs_filter_types xslt_stylesheet",
    "content": "alias empty_gif fastcgi_pass flv grpc_pass index memcached_pass mp4 proxy_method "
    "proxy_pass proxy_pass_request_body proxy_pass_request_headers proxy_set_body root scgi_pass "
    "stub_status try_files uwsgi_pass",
    "errors": "error_page fastcgi_intercept_errors proxy_intercept_errors recursive_error_pages",
    "headers": "add_header add_trailer default_type etag expires more_clear_headers "
    "more_set_headers proxy_hide_header proxy_ignore_headers proxy_pass_header",
    "input": "grpc_set_header ignore_invalid_headers more_clear_input_headers "
    "more_set_input_headers proxy_set_header underscores_in_headers",
    "logging": "access_log error_log log_not_found log_subrequest rewrite_log "
    "uninitialized_variable_warn",
    "mirror": "mirror mirror_request_body",
    "protection": "allow auth_basic auth_basic_user_file auth_digest auth_digest_user_file "
    "auth_jwt auth_request deny internal limit_except satisfy secure_link secure_link_md5 "
    "ssl_verify_client valid_referers",
    "rewrite": "break if map return rewrite server set split_clients",
    "sizes": "large_client_header_buffers",
    "nothing": "aio auth_request_set chunked_transfer_encoding client_body_buffer_size "
    "client_body_in_file_only client_body_in_single_buffer client_body_temp_path "
    "client_header_buffer_size directio disable_symlinks if_modified_since keepalive_disable "
    "keepalive_requests keepalive_time keepalive_timeout lingering_close lingering_time "
    "lingering_timeout lua_package_path lua_shared_dict map_hash_bucket_size map_hash_max_size "
    "merge_slashes output_buffers port_in_redirect postpone_output proxy_ssl_session_reuse "
    "read_ahead reset_timedout_connection resolver resolver_timeout send_lowat sendfile "
    "sendfile_max_chunk server_name_in_redirect server_names_hash_bucket_size "
    "server_names_hash_max_size server_tokens slice tcp_nodelay tcp_nopush types "
    "types_hash_bucket_size types_hash_max_size variables_hash_bucket_size "
    "variables_hash_max_size worker_connections",
}
_PREFIXES: Mapping[str, Subject] = {
    "access_by_lua": "protection",
    "auth_": "protection",
    "brotli": "compression",
    "content_by_lua": "content",
    "echo": "content",
    "gzip": "compression",
    "limit_": "limits",
    "modsecurity": "waf",
    "open_file_cache": "cache",
    "opentelemetry": "logging",
    "opentracing": "logging",
    "proxy_cache": "cache",
    "proxy_no_cache": "cache",
    "proxy_ssl": "tls",
    "proxy_store": "cache",
    "rewrite_by_lua": "content",
    "header_filter_by_lua": "headers",
    "body_filter_by_lua": "body",
    "set_by_lua": "rewrite",
    "ssl_": "tls",
    "zstd": "compression",
}
_SUBJECTS: Mapping[str, Subject] = {
    name: subject for subject, names in _NAMES.items() for name in names.split()
}
ONCE_A_LOCATION = frozenset(
    {
        "client_max_body_size",
        "header_filter_by_lua_file",
        "log_by_lua_file",
        "port_in_redirect",
        "proxy_buffer_size",
        "proxy_buffering",
        "proxy_buffers",
        "proxy_connect_timeout",
        "proxy_cookie_domain",
        "proxy_cookie_path",
        "proxy_http_version",
        "proxy_max_temp_file_size",
        "proxy_next_upstream",
        "proxy_next_upstream_timeout",
        "proxy_next_upstream_tries",
        "proxy_pass",
        "proxy_read_timeout",
        "proxy_redirect",
        "proxy_request_buffering",
        "proxy_send_timeout",
        "rewrite_by_lua_file",
    }
)
"""What the controller's template writes into every location, and nginx takes only once there.

In a snippet of a location it is refused ("directive is duplicate"), and in one of a server or of
all it has no effect.
"""

SWITCHED_OFF = {
    "proxy_cookie_domain": "proxy-cookie-domain",
    "proxy_cookie_path": "proxy-cookie-path",
    "proxy_redirect": "proxy-redirect-from",
}
"""Lists that nginx takes once where they are off, by the annotation that has them otherwise."""


def subject(name: str) -> Subject:
    """What a directive is about, ``other`` when that is not known."""
    known_subject = _SUBJECTS.get(name)
    if known_subject is None:
        starts = sorted((p for p in _PREFIXES if name.startswith(p)), key=len)
        known_subject = _PREFIXES[starts[-1]] if starts else "other"
    return known_subject


def answers_itself(directive: Directive) -> bool:
    """Whether nginx itself answers the requests that come to a directive: to some or to all."""
    if directive.name == "rewrite":
        elsewhere = directive.args[1:2] and directive.args[1].startswith(_ELSEWHERE)
        return bool(elsewhere) or directive.args[-1:] in (("redirect",), ("permanent",))
    return directive.name == "return" or refuses(directive)


_ELSEWHERE = ("http://", "https://", "$scheme")


def refuses(directive: Directive) -> bool:
    """Whether a directive denies requests, or asks for something before it serves them."""
    if directive.name == "return":
        return bool(directive.args) and directive.args[0][:1] in ("4", "5")
    return protects(directive)


def protects(directive: Directive) -> bool:
    """Whether a directive checks clients or requests, by what is known of it or by its name.

    A Lua program does when it may end a request, or when that can't be seen.
    """
    name, about = directive.name, subject(directive.name)
    if directive.args[:1] == ("off",) or (name, directive.args) == ("allow", ("all",)):
        return False
    if _EARLY_LUA.match(name):
        return name.endswith("_file") or bool(_ENDING.search(" ".join(directive.args)))
    return about == "protection" or (about == "other" and bool(_CHECKING.search(name)))


def opaque(directive: Directive) -> bool:
    """Whether a directive reads directives from a file, other than nginx's own and the WAF's."""
    path = " ".join(directive.args)
    known = re.search(r"modsecurity|owasp|(^|/)(mime\.types|[a-z]+_params|fastcgi\.conf)$", path)
    return directive.name == "include" and not known


def unnoticed(directive: Directive) -> bool:
    """Whether a directive has no effect on what a backend answers."""
    if directive.name == "proxy_pass_header":
        return not _HIDDEN.match(" ".join(directive.args))
    return directive.name in ("default_type", "etag")


_HIDDEN = re.compile("(date|server|x-pad|x-accel-.*)$", re.IGNORECASE)
"""The response headers of a backend that nginx does not pass on by itself."""
_EARLY_LUA = re.compile(r"(server_rewrite|rewrite|content|set)_by_lua")
_ENDING = re.compile(r"\b(exit|exec|redirect|error|require|dofile|loadfile)\b")
_CHECKING = re.compile(
    "access|acl|allow|auth|ban|block|captcha|challenge|deny|forbid|guard|jwt|ldap|oidc|permission|"
    "protect|saml|secur|token|verif"
)
"""Parts of names of directives that check the client."""
