"""How many examples a property test tries: as written, times FILTERD_EXAMPLES (CI takes fewer, `make soak` more).

@settings(max_examples=examples(200))
"""

from __future__ import annotations

import os

FEWEST = 8


def examples(count: int) -> int:
    """Return `count` times the environment's factor, at least FEWEST."""
    return max(FEWEST, round(count * float(os.environ.get("FILTERD_EXAMPLES", "1"))))
