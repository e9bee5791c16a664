"""`outlast audit …`: the audit records and the feedback of every site, merged, verified, counted and exported."""
