"""A site on Google Cloud, and what else stands there: its base stack, its training stack."""
