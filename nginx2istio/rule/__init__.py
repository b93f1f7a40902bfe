"""All that a rule imports, besides ``nginx2istio.istio.re2`` and ``nginx2istio.istio.envoy``.

A rule is a generator: it looks at one place of the nginx configuration (``Place``) and yields
edits (``Route``, ``RouteBefore`` ...), which say what the Istio objects should be, and findings,
which say what will be different. It changes nothing, and the order in which rules run does not
matter.
"""

from __future__ import annotations

from nginx2istio.base.memo import memo as memo
from nginx2istio.bridge.auth_means import AuthMeans as AuthMeans
from nginx2istio.bridge.auth_means import auth_means as auth_means
from nginx2istio.bridge.auth_provider import auth_plan as auth_plan
from nginx2istio.bridge.auth_provider import auth_provider as auth_provider
from nginx2istio.bridge.auth_provider import auth_sources as auth_sources
from nginx2istio.bridge.auth_question import auth_question as auth_question
from nginx2istio.bridge.client_authority import authority_secret as authority_secret
from nginx2istio.bridge.conditions import Condition as Condition
from nginx2istio.bridge.conditions import condition as condition
from nginx2istio.bridge.conditions import path_regex as path_regex
from nginx2istio.bridge.conditions import reaches as reaches
from nginx2istio.bridge.place import Place as Place
from nginx2istio.bridge.place import route_name as route_name
from nginx2istio.bridge.protection import address_plan as address_plan
from nginx2istio.bridge.protection import unavailable as unavailable
from nginx2istio.bridge.redirects import combine_matches as combine_matches
from nginx2istio.bridge.redirects import response_headers_of as response_headers_of
from nginx2istio.bridge.redirects import translate_return as translate_return
from nginx2istio.bridge.redirects import translate_rewrite as translate_rewrite
from nginx2istio.bridge.response_headers import STS as STS
from nginx2istio.bridge.response_headers import settle as settle
from nginx2istio.bridge.response_headers import transport_security as transport_security
from nginx2istio.bridge.variables import UnknownVariable as UnknownVariable
from nginx2istio.bridge.variables import by_port as by_port
from nginx2istio.bridge.variables import envoy_value as envoy_value
from nginx2istio.istio.edits import Action as Action
from nginx2istio.istio.edits import Alias as Alias
from nginx2istio.istio.edits import Destination as Destination
from nginx2istio.istio.edits import Edit as Edit
from nginx2istio.istio.edits import ExternalHost as ExternalHost
from nginx2istio.istio.edits import ExtraObject as ExtraObject
from nginx2istio.istio.edits import GatewayField as GatewayField
from nginx2istio.istio.edits import HostRoute as HostRoute
from nginx2istio.istio.edits import MeshField as MeshField
from nginx2istio.istio.edits import OtherHost as OtherHost
from nginx2istio.istio.edits import PerRequest as PerRequest
from nginx2istio.istio.edits import Phase as Phase
from nginx2istio.istio.edits import Route as Route
from nginx2istio.istio.edits import RouteBefore as RouteBefore
from nginx2istio.istio.edits import TlsRoute as TlsRoute
from nginx2istio.istio.envoy.filters import http_filter as http_filter
from nginx2istio.istio.envoy.filters import on_host as on_host
from nginx2istio.istio.envoy.filters import on_manager as on_manager
from nginx2istio.istio.envoy.filters import on_route as on_route
from nginx2istio.istio.envoy.filters import typed as typed
from nginx2istio.istio.policy import client_certificate as client_certificate
from nginx2istio.nginx.config import NginxConfig as NginxConfig
from nginx2istio.nginx.facts.addresses import addresses as addresses
from nginx2istio.nginx.facts.answered_early import early as early
from nginx2istio.nginx.facts.external_auth import ExternalAuth as ExternalAuth
from nginx2istio.nginx.facts.external_auth import external_auth as external_auth
from nginx2istio.nginx.facts.headers import HEADER_DIRECTIVES as HEADER_DIRECTIVES
from nginx2istio.nginx.facts.headers import HeaderLine as HeaderLine
from nginx2istio.nginx.facts.headers import Unclear as Unclear
from nginx2istio.nginx.facts.headers import answer_headers as answer_headers
from nginx2istio.nginx.facts.headers import header_lines as header_lines
from nginx2istio.nginx.facts.headers import request_headers as request_headers
from nginx2istio.nginx.facts.headers import snippets as snippets
from nginx2istio.nginx.facts.proxy_ssl import proxy_ssl_of_host as proxy_ssl_of_host
from nginx2istio.nginx.facts.sizes import body_limits as body_limits
from nginx2istio.nginx.facts.sizes import header_buffers as header_buffers
from nginx2istio.nginx.facts.sizes import max_body_size as max_body_size
from nginx2istio.nginx.facts.sizes import readable_size as readable_size
from nginx2istio.nginx.facts.snippet import Directive as Directive
from nginx2istio.nginx.facts.snippet import directive_origin as directive_origin
from nginx2istio.nginx.facts.snippet import parse_snippet as parse_snippet
from nginx2istio.nginx.keys.catalogue import declare_annotation as declare_annotation
from nginx2istio.nginx.model import DEFAULT_UPSTREAM as DEFAULT_UPSTREAM
from nginx2istio.nginx.model import Location as Location
from nginx2istio.nginx.model import Server as Server
from nginx2istio.nginx.model import Setting as Setting
from nginx2istio.nginx.model import Upstream as Upstream
from nginx2istio.nginx.values.go import Value as Value
from nginx2istio.rule.edits import answer as answer
from nginx2istio.rule.edits import envoy_filter as envoy_filter
from nginx2istio.rule.edits import external_destination as external_destination
from nginx2istio.rule.edits import literal as literal
from nginx2istio.rule.edits import secret as secret
from nginx2istio.rule.edits import to as to
from nginx2istio.rule.message import Aspect as Aspect
from nginx2istio.rule.message import Finding as Finding
from nginx2istio.rule.message import Message as Message
from nginx2istio.rule.message import Severity as Severity
from nginx2istio.rule.no_rule import Fate as Fate
from nginx2istio.rule.no_rule import NoRule as NoRule
from nginx2istio.rule.protect import PolicyMessages as PolicyMessages
from nginx2istio.rule.protect import policy_messages as policy_messages
from nginx2istio.rule.protect import protect as protect
from nginx2istio.rule.protect import withhold as withhold
from nginx2istio.rule.rule import Rule as Rule
from nginx2istio.rule.rule import Scope as Scope
from nginx2istio.rule.rule import When as When
from nginx2istio.rule.rule import rule as rule
