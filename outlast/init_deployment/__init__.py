"""`outlast init-deployment`: the stack files of a deployment in accounts of one's own, from a few answers."""
