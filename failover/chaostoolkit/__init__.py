"""Drills for the Chaos Toolkit: our journal in its format."""
