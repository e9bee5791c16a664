"""The model endpoint: what is released, how it is made, and the server that answers for it."""

import os

# onnxruntime's wheel reports to its vendor by default: DNS questions, files in the home directory, a line on standard
# error. It reads this when it is imported, so it is set before anything of this package is. Nothing here phones home.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
