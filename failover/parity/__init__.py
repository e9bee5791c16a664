"""Whether every site answers the same: the released model's rows, rows drawn at random, refusals, headers, limits."""
