"""The certificate of a site that brings its own: asked of an ACME authority, proven in the zone, put in a vault."""
