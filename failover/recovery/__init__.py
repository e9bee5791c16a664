"""How long a loss is felt, as a distribution: by kind of client, and for the drill that measures it."""
