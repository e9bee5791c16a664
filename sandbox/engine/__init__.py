"""Pulumi's real engine on a laptop: how the CLI is obtained, and providers that answer it."""
