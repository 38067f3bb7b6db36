"""The students: one small network a modality, from its prepared input to a unit embedding."""
