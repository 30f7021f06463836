# SPDX-License-Identifier: MIT
"""Y-90 dosimetry in 3D Slicer: a panel over yttria. For research use only.

The logic is in YttriaDosimetryLib and is tested outside of Slicer. This file is the part that only Slicer can run.
"""

from __future__ import annotations

import logging

import ctk
import qt
import slicer
import vtk
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleWidget,
)

METHODS = ("voxel_s_values", "local_deposition")
MEDIA = ("liver", "soft_tissue", "water", "lung", "bone")
UNITS = ("Bq/mL", "kBq/mL", "MBq/mL")


class YttriaDosimetry(ScriptedLoadableModule):
    """The module as Slicer lists it."""

    def __init__(self, parent) -> None:
        """Describe the module."""
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "Y-90 dosimetry (yttria)"
        parent.categories = ["Nuclear Medicine"]
        parent.dependencies = []
        parent.contributors = ["The yttria authors"]
        parent.helpText = "Absorbed dose of yttrium-90 from a PET or SPECT volume. For research use only."
        parent.acknowledgementText = "Computed by yttria."


class YttriaDosimetryWidget(ScriptedLoadableModuleWidget):
    """The panel: an activity volume, a segmentation, how it is scaled, and a button."""

    def setup(self) -> None:
        """Build the panel."""
        ScriptedLoadableModuleWidget.setup(self)
        box = ctk.ctkCollapsibleButton()
        box.text = "Absorbed dose"
        self.layout.addWidget(box)
        form = qt.QFormLayout(box)
        self.activity = self._selector(form, "Activity volume:", "vtkMRMLScalarVolumeNode", required=True)
        self.segmentation = self._selector(form, "Segmentation:", "vtkMRMLSegmentationNode")
        self.unit = self._choice(form, "Unit of the volume:", UNITS)
        self.delay = self._number(form, "Hours after administration:", 0.0, 336.0, 0.0)
        self.method = self._choice(form, "Method:", METHODS)
        self.medium = self._choice(form, "Medium:", MEDIA)
        self.density = self._number(form, "Density (g/mL):", 0.2, 2.0, 1.05)
        self.reference = qt.QLineEdit()
        self.reference.toolTip = (
            "Name of the segment that holds all delivered activity; empty: the volume is in its unit"
        )
        form.addRow("Scale by segment:", self.reference)
        self.delivered = self._number(form, "Delivered activity (GBq):", 0.0, 50.0, 0.0)
        self.shunt = self._number(form, "Lung shunt fraction:", 0.0, 0.99, 0.0)
        self.button = qt.QPushButton("Compute the absorbed dose")
        self.button.connect("clicked(bool)", self.compute)
        form.addRow(self.button)
        self.message = qt.QLabel()
        self.message.wordWrap = True
        form.addRow(self.message)
        self.layout.addStretch(1)

    def compute(self, _checked: bool = False) -> None:
        """Compute the dose of the selected nodes, and show it or the reason why there is none."""
        YttriaDosimetryLogic.install()
        from YttriaDosimetryLib.dosimetry import Settings

        name = self.reference.text.strip()
        settings = Settings(
            unit=self.unit.currentText,
            scan_delay_h=self.delay.value,
            method=self.method.currentText,
            medium=self.medium.currentText,
            density_g_per_ml=self.density.value,
            relative_to=name or None,
            delivered_activity_gbq=self.delivered.value if name else None,
            lung_shunt_fraction=self.shunt.value,
        )
        with slicer.util.tryWithErrorDisplay("No dose was computed.", waitCursor=True):
            self.message.text = YttriaDosimetryLogic().run(
                self.activity.currentNode(), self.segmentation.currentNode(), settings
            )

    def _selector(self, form, label: str, kind: str, *, required: bool = False):
        selector = slicer.qMRMLNodeComboBox()
        selector.nodeTypes = [kind]
        selector.addEnabled = selector.removeEnabled = False
        selector.noneEnabled = not required
        selector.setMRMLScene(slicer.mrmlScene)
        form.addRow(label, selector)
        return selector

    def _choice(self, form, label: str, names: tuple[str, ...]):
        choice = qt.QComboBox()
        choice.addItems(list(names))
        form.addRow(label, choice)
        return choice

    def _number(self, form, label: str, least: float, most: float, value: float):
        spin = qt.QDoubleSpinBox()
        spin.decimals = 3
        spin.setRange(least, most)
        spin.value = value
        form.addRow(label, spin)
        return spin


class YttriaDosimetryLogic(ScriptedLoadableModuleLogic):
    """Action of the button, also for scripts: `slicer.modules.yttriadosimetry` and
    `YttriaDosimetryLogic().run(...)`."""

    @staticmethod
    def install() -> None:
        """Install yttria into Slicer's Python if it is not there."""
        try:
            import yttria  # noqa: F401
        except ImportError:
            slicer.util.pip_install("yttria")

    def run(self, activity, segmentation, settings) -> str:
        """Add a dose volume and a table to the scene, and return the advisories."""
        from YttriaDosimetryLib.dosimetry import dose_of_nodes, show_result

        if activity is None:
            raise ValueError("Select an activity volume first.")
        result, rows = dose_of_nodes(activity, segmentation, settings, slicer.util)
        logging.info("yttria: %s", result.provenance)
        name = activity.GetName()
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", f"{name} dose (Gy)")
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} doses") if rows else None
        words = show_result(result, rows, volume, table, slicer.util, vtk.vtkStringArray)
        volume.CreateDefaultDisplayNodes()
        volume.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeFileDivergingBlueRed.txt")
        slicer.util.setSliceViewerLayers(background=activity, foreground=volume, foregroundOpacity=0.5)
        return words or "Done, without remarks."
