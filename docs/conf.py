"""The documentation as a site: `make docs` builds it into site/, to be read without a network."""

project = "etomotut"
copyright = "the authors, GPL-3.0-or-later"
extensions = ["myst_parser"]
myst_heading_anchors = 4
highlight_language = "none"
html_theme = "furo"
html_title = "etomotut"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["hosts.conf"]
html_copy_source = False
html_show_sphinx = False
exclude_patterns = ["pictures"]
