"""
Beta spectra by Fermi's theory
==============================

A beta particle of yttrium-90 has an energy between 0 and 2.28 MeV. The shape of the spectrum follows from Fermi's
theory with the end points of the branches. The dotted lines are the mean energies.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.kernels import beta_spectrum, decay_data

energies_mev = np.linspace(0.0, 2.4, 481)
figure, axes = plt.subplots()
for isotope in ("Y-90", "P-32", "Ho-166", "Re-188"):
    density = beta_spectrum(energies_mev, isotope=isotope)
    mean_mev = decay_data(isotope).beta_mev
    (line,) = axes.plot(energies_mev, density, label=f"{isotope}, mean {mean_mev:.3f} MeV")
    axes.axvline(mean_mev, color=line.get_color(), linestyle=":", linewidth=1.0)
    print(f"{isotope}: mean {mean_mev:.4f} MeV")

axes.set(xlabel="kinetic energy / MeV", ylabel="beta particles per decay / (1/MeV)", xlim=(0, 2.4), ylim=(0, None))
axes.legend()
plt.show()
