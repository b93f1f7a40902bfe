"""How an answer of nginx and one of Istio are compared, and what of it a report announces.

Both are in the format of recorded exchanges (``fixtures/truth/README.md``).
"""
