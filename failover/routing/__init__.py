"""How traffic is routed, decided without any effect: Route 53's answers, mistakes in a configuration, recovery time."""
