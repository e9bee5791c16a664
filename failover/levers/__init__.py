"""Levers: the ways in which a drill takes a site away, each with its undo. `failover.drill` decides when."""
