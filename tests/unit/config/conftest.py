"""The household of the tests of its file."""

from __future__ import annotations

import pytest

from filterd.config.household import read
from filterd.model.household import Household
from tests.unit.config.household_text import EXAMPLE, KNOWN


@pytest.fixture(scope="session")
def example() -> Household:
    """The example, read."""
    return read(EXAMPLE, KNOWN)
