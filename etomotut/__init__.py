"""etomotut: from cleaned cryo-ET tilt series to aligned series and tomograms, stage by stage."""

__version__ = "0.1.0"

_logo = "icon.png"
_references = ["Kremer1996", "JimenezdelaMorena2022", "delaRosaTrevin2016"]


def __getattr__(name: str) -> type:
    """Give Scipion the class Plugin; without it the embedded programs need no Scipion."""
    if name == "Plugin":
        from etomotut.plugin import Plugin

        return Plugin
    raise AttributeError(f"module 'etomotut' has no attribute '{name}'")
