"""What the replicas of every site wrote, read where each cloud keeps it and put in one order."""
