"""Recognition: label bank, open-vocabulary classification, unknowns, enrolment, overlay."""
