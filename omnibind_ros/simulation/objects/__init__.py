"""Object models: where they come from, their meshes, materials, substances and temperatures."""
