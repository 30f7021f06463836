"""Settings and helpers of the tests of plans from images."""

from __future__ import annotations

import numpy as np

from yttria.planning import ImagePlan, PlanSettings

GLASS = PlanSettings(device="glass")
#: A rotation about all axes.
TURN = np.eye(4)
TURN[:3, :3] = np.linalg.qr([[1.0, 0.2, -0.3], [0.1, 1.0, 0.25], [0.4, -0.2, 1.0]])[0]


def codes(plan: ImagePlan) -> set[str]:
    """Collect the codes of a plan's advisories without notes."""
    return {advisory.code for advisory in plan.advisories if advisory.severity != "note"}
