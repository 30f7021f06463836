# SPDX-License-Identifier: MIT
"""Logic of the Slicer module, without widgets."""
