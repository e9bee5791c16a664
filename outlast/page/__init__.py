"""One page in a browser: three clouds, who answers, the drill that runs, and what to press."""
