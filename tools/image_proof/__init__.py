"""The serving image built by a real builder, run as it will be run, and looked into."""
