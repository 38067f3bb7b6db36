"""The teachers: models that embed images and sentences, and the adaptation of the image teacher."""
