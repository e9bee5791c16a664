"""What the clouds themselves measure of the sites and alarm of: read through their own APIs, nothing is changed."""
