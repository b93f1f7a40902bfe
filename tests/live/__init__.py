"""Both gateways asked by ``verify --old --new``: Debian's nginx, real pilot and Envoy."""
