"""
Voxel fractions
===============

A structure is never rounded to the voxels of the dose grid. Each voxel counts by its fraction inside, so that the
volume of a small sphere is also right on coarse voxels.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.geometry import voxel_fractions

fine_mm = 0.5
center_mm = fine_mm * (np.arange(80) - 39.5)
radius_mm = np.sqrt(sum(axis**2 for axis in np.meshgrid(center_mm, center_mm, center_mm, indexing="ij")))
mask = radius_mm < 12.0
fine = np.diag([fine_mm, fine_mm, fine_mm, 1.0])
fine[:3, 3] = center_mm[0]

coarse = np.diag([4.0, 4.0, 4.0, 1.0])
coarse[:3, 3] = -21.3
fractions = voxel_fractions(mask, fine, (11, 11, 11), coarse).to_array()
rounded = fractions >= 0.5

figure, panels = plt.subplots(1, 2, figsize=(7.2, 3.4))
for axes, image, title in ((panels[0], fractions, "fractions"), (panels[1], rounded, "rounded to voxels")):
    axes.imshow(image[5], cmap="Greys", vmin=0, vmax=1)
    axes.set(title=title)
    axes.axis("off")
true_ml = 4 / 3 * np.pi * 12.0**3 * 1e-3
print(f"sphere {true_ml:.3f} mL; by fractions {0.064 * fractions.sum():.3f} mL, rounded {0.064 * rounded.sum():.3f} mL")
plt.show()
