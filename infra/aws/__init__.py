"""A site on AWS, and what else stands there: its base stack, its training stack."""
