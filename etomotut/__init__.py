"""etomotut: from cleaned cryo-ET tilt series to aligned series and tomograms, stage by stage."""

__version__ = "0.1.0"
