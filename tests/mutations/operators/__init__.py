"""Small wrongs done to Istio objects, as somebody's edit or a fault of a converter would be.

Each operator changes objects in place, by a random generator, and says what it did; None where
there is nothing of its kind. None of them knows how anything is verified.
"""

from __future__ import annotations

from . import of_filters, of_gateways, of_matches, of_objects, of_policies, of_routes, of_traffic
from .select import Json, Operator, http_routes, of_kind, uris

__all__ = ["OPERATORS", "Json", "Operator", "http_routes", "of_kind", "uris"]

OPERATORS: tuple[Operator, ...] = (
    of_routes.route_dropped,
    of_routes.routes_swapped,
    of_routes.route_added,
    of_routes.route_renamed,
    of_routes.header_changed,
    of_routes.header_renamed,
    of_routes.destination_changed,
    of_routes.weight_changed,
    of_routes.redirect_changed,
    of_routes.rewrite_changed,
    of_routes.timing_changed,
    of_routes.answer_changed,
    of_routes.cors_changed,
    of_routes.cors_added,
    of_routes.mirror_changed,
    of_routes.mirror_added,
    of_routes.fault_added,
    of_matches.match_dropped,
    of_matches.matches_dropped,
    of_matches.condition_dropped,
    of_matches.condition_changed,
    of_matches.path_widened,
    of_matches.path_narrowed,
    of_matches.case_flipped,
    of_gateways.host_changed,
    of_gateways.tls_changed,
    of_gateways.credential_changed,
    of_gateways.server_changed,
    of_gateways.port_changed,
    of_gateways.selector_changed,
    of_gateways.binding_changed,
    of_policies.policy_changed,
    of_policies.policy_turned,
    of_policies.policy_part_dropped,
    of_traffic.traffic_changed,
    of_traffic.subset_changed,
    of_traffic.rule_changed,
    of_traffic.entry_changed,
    of_filters.filter_dropped,
    of_filters.filter_changed,
    of_filters.filter_misplaced,
    of_objects.object_dropped,
    of_objects.object_moved,
    of_objects.service_copied,
    of_objects.leaf_changed,
)
