"""The conformance rig: recorded answers of the real controller against what Istio does.

``python -m tests.conformance --help`` says how to run it; ``docs/conformance.md`` what it found.
"""
