"""The wheel `outlast-failover`: the package `failover` alone, for those who drill and call sites of their own."""
