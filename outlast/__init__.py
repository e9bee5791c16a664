"""The console command `outlast`: on top of all other packages, and the only one that may import them all."""
