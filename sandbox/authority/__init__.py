"""A certificate authority as Let's Encrypt is one (RFC 8555), for rehearsing `outlast certificate renew`."""
