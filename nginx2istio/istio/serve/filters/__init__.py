"""What EnvoyFilters of this tool change at a gateway, followed from the objects alone."""
