"""Training: labelled lines and pages with gold text in, model, manifest and card out. Never imported at run time."""
