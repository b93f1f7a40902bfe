"""Queries for ingress-nginx's metrics, rewritten for those of Istio and Envoy."""
