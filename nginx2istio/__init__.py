"""From ingress-nginx to Istio, with every difference announced."""
