"""Every fault that a site can have, one after the other, each measured by several kinds of clients: `make chaos`."""
