"""The metrics of every replica of every site in one place: asked for, merged, and how many were seen."""
