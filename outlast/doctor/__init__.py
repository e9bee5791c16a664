"""`outlast doctor`: what is missing on this machine, and of the accounts that a set of stack files names."""
