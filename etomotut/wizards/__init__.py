"""Helpers of forms: they fill a field from what the input says."""

from etomotut.wizards.tilt_axis import TiltAxisWizard

__all__ = ["TiltAxisWizard"]
