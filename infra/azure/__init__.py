"""A site on Azure, and what else stands there: its base stack, its training stack."""
