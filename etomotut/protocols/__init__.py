"""The stages as Scipion protocols, one file each, in the order in which a user runs them.

Every class named here is registered by Scipion as a protocol; what they share stays out.
"""

from etomotut.protocols.protocol_apply_alignment import ProtEtomotutApplyAlignment
from etomotut.protocols.protocol_aretomo import ProtEtomotutAreTomo
from etomotut.protocols.protocol_compare_masks import ProtEtomotutCompareMasks
from etomotut.protocols.protocol_crop import ProtEtomotutCrop
from etomotut.protocols.protocol_ctf_correction import ProtEtomotutCtfCorrection
from etomotut.protocols.protocol_curate_fiducials import ProtEtomotutCurateFiducials
from etomotut.protocols.protocol_denoise import ProtEtomotutDenoise
from etomotut.protocols.protocol_dose_filter import ProtEtomotutDoseFilter
from etomotut.protocols.protocol_edit_fiducials import ProtEtomotutEditFiducials
from etomotut.protocols.protocol_erase_fiducials import ProtEtomotutEraseFiducials
from etomotut.protocols.protocol_fiducial_alignment import ProtEtomotutFiducialAlignment
from etomotut.protocols.protocol_fiducial_model import ProtEtomotutFiducialModel
from etomotut.protocols.protocol_filter import ProtEtomotutFilterTomograms
from etomotut.protocols.protocol_import_ctf import ProtEtomotutImportCtf
from etomotut.protocols.protocol_import_halves import ProtEtomotutImportHalves
from etomotut.protocols.protocol_membrain import ProtEtomotutMemBrain
from etomotut.protocols.protocol_position import ProtEtomotutPosition
from etomotut.protocols.protocol_prealign import ProtEtomotutPrealign
from etomotut.protocols.protocol_preprocess import ProtEtomotutPreprocess
from etomotut.protocols.protocol_reconstruct import ProtEtomotutReconstruct
from etomotut.protocols.protocol_refine_alignment import ProtEtomotutRefineAlignment
from etomotut.protocols.protocol_skeleton import ProtEtomotutSkeleton
from etomotut.protocols.protocol_surfaces import ProtEtomotutSurfaces
from etomotut.protocols.protocol_tardis import ProtEtomotutTardis
from etomotut.protocols.protocol_tomo3d import ProtEtomotutTomo3d
from etomotut.protocols.protocol_xray_eraser import ProtEtomotutXrayEraser

__all__ = [
    "ProtEtomotutApplyAlignment",
    "ProtEtomotutAreTomo",
    "ProtEtomotutCompareMasks",
    "ProtEtomotutCrop",
    "ProtEtomotutCtfCorrection",
    "ProtEtomotutCurateFiducials",
    "ProtEtomotutDenoise",
    "ProtEtomotutDoseFilter",
    "ProtEtomotutEditFiducials",
    "ProtEtomotutEraseFiducials",
    "ProtEtomotutFiducialAlignment",
    "ProtEtomotutFiducialModel",
    "ProtEtomotutFilterTomograms",
    "ProtEtomotutImportCtf",
    "ProtEtomotutImportHalves",
    "ProtEtomotutMemBrain",
    "ProtEtomotutPosition",
    "ProtEtomotutPrealign",
    "ProtEtomotutPreprocess",
    "ProtEtomotutReconstruct",
    "ProtEtomotutRefineAlignment",
    "ProtEtomotutSkeleton",
    "ProtEtomotutSurfaces",
    "ProtEtomotutTardis",
    "ProtEtomotutTomo3d",
    "ProtEtomotutXrayEraser",
]
