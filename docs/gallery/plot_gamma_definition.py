"""
Gamma as a distance
===================

The reference point has a position and a dose. Both axes are divided by their criterion. Gamma is then the distance from
the reference point to the curve of the evaluated dose. The circle has the radius 1, which is the limit of agreement.
"""

import matplotlib.pyplot as plt
import numpy as np

distance_mm, difference_gy = 3.0, 3.0
positions_mm = np.linspace(-10.0, 10.0, 2001)
evaluated_gy = 60.0 - 12.0 * np.tanh(positions_mm / 6.0)
reference_mm, reference_gy = 0.0, 64.0

x = (positions_mm - reference_mm) / distance_mm
y = (evaluated_gy - reference_gy) / difference_gy
distances = np.hypot(x, y)
nearest = int(np.argmin(distances))
at_position = int(np.argmin(np.abs(x)))

figure, axes = plt.subplots(figsize=(5.2, 4.4))
angles = np.linspace(0.0, 2.0 * np.pi, 181)
axes.plot(np.cos(angles), np.sin(angles), color="0.6", linestyle="--", label="gamma = 1")
axes.plot(x, y, label="evaluated dose")
axes.plot(0, 0, "ko", label="reference point")
axes.plot([0, x[nearest]], [0, y[nearest]], "C3-", label=f"gamma = {distances[nearest]:.2f}")
axes.plot([0, 0], [0, y[at_position]], "C2:", label=f"dose alone: {abs(y[at_position]):.2f}")
axes.set(xlabel="distance / 3 mm", ylabel="difference of dose / 3 Gy", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6))
axes.set_aspect("equal")
axes.legend(loc="upper right", fontsize=8)
print(f"gamma {distances[nearest]:.2f}, difference of dose at the same position {abs(y[at_position]):.2f} criteria")
plt.show()
