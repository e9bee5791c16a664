"""Copies of models, feedback and training data in several object stores: made alike, checked, and got back."""
