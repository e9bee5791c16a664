"""What drills leave behind, read again: whether it is whole, what it says, and whether it is recent enough.

shelf     the drills under a folder, each with its verdict and whether its journal is whole
history   a stack's promise (how often, how quickly) held against them
commands  `outlast drill list`, `show`, `verify`, `export`, `history`
"""
