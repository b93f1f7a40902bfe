"""Header values as Envoy makes them: formatters, CEL, what routes set, cookies of hashes."""
