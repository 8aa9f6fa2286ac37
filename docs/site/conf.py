# Copyright (c) 2026, The fortytwo.ft_services contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx makes the documentation site; `make docs` does."""

project = "fortytwo.ft_services"
project_copyright = "The fortytwo.ft_services contributors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "roles/*/README.md", "reference/**"]
exclude_patterns = ["docs/site/**"]
html_theme = "alabaster"
html_theme_options = {
    "page_width": "70em",
    "sidebar_width": "16em",
    "description": "A verified platform by one command",
}
html_show_sourcelink = False
# Headings are places to link to.
myst_heading_anchors = 3
# Only Ansible's own pages have such labels, and where they are is looked up in a network.
suppress_warnings = ["ref.ref"]
