"""What a release of Istio can do is asked by name."""

from __future__ import annotations

from typing import get_args

import pytest

from nginx2istio.base.options import SINCE, Feature, Options


@pytest.mark.parametrize("feature", get_args(Feature))
def test_a_feature_is_there_from_its_first_release_on(feature: Feature) -> None:
    major, minor = SINCE[feature]
    assert Options(istio_version=(major, minor)).supports(feature)
    assert not Options(istio_version=(major, minor - 1)).supports(feature)
