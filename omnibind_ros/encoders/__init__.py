"""Encoders: bundles, inference backends, and one module a modality from sample to embedding.

The module of a student modality, `encoders/MODALITY.py`, has

- `INPUT`: the `TensorSpec` of the shipped student's input, which training and export use;
- `prepare(sample, spec)`: makes a sample the input of a network, `Prepared`, where `spec` is the
  input as the bundle's manifest describes it. A pure function; training uses it too.

The module of a teacher modality has

- `make_encoder(model, name, spec, folder)`: returns the `Encoder` of a loaded model. `name` is name
  and version of the bundle, `spec` the manifest's entry of the model's file (`FileSpec`), `folder`
  the bundle's folder. It raises `BundleError` where a file of the bundle cannot be used.
"""
