"""The names of what alignquality tells of a series: they are a file format.

Names end with their units; _px are pixels of the images that were aligned.
"""

from __future__ import annotations

COUNTS = (
    *("beads", "views", "marks", "views_without_marks", "gaps_filled", "marks_alone"),
    *("marks_moved", "marks_added", "marks_dropped", "beads_dropped", "views_dropped"),
    *("measurements", "unknowns"),
)
LENGTHS = (
    *("residual_mean", "residual_sd", "residual_median", "residual_max", "weighted_residual"),
    *("leave_one_out", "leave_one_out_all", "expected_error", "uncertainty", "misfit"),
    "largest_shift",
)
QUANTITIES = (
    *(f"{name}_{unit}" for unit in ("px", "nm") for name in LENGTHS),
    *("pixel_size_A", "ratio", "bad_share", "tilt_axis_deg", "tilt_axis_change_deg"),
    *("tilt_offset_deg", "tilt_change_range_deg", "rotation_range_deg"),
    *("magnification_range_percent", "bead_span_nm", "thickness_nm", "specimen_tilt_deg"),
    *("specimen_pitch_deg", "ctf_resolution_A", "ctf_score", "defocus_um", "defocus_hand"),
)
