"""The endpoint: one ASGI app over released models. It knows no cloud and keeps no state that a replica would miss."""
