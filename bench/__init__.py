"""How fast the endpoint is beside others that serve the same model: `python -m bench`."""
