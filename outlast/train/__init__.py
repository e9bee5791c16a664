"""Training where the data is: `outlast model train --on CLOUD` and `outlast model jobs`."""
