"""Data, networks, training, evaluation and export, in Keras."""
